// The data of layers on the GPU.

// The vertices of a layer of points.
function pointVertices(layer) {
  const vertices = [];
  for (let i = 0; i < layer.positions.length / 3; i++) {
    if (!isFinitePosition(layer, i)) continue;
    vertices.push(...layer.positions.subarray(3 * i, 3 * i + 3), ...colourAt(layer, i).map((c) => c / 255),
      layer.sizes[layer.sizes.length === 1 ? 0 : i]);
  }
  return new Float32Array(vertices);
}

// The vertices of the arrowheads of a layer.
function arrowheadVertices(layer) {
  const vertices = [];
  for (const [from, end] of lineRanges(layer)) {
    const to = end - 1;
    if (!isFinitePosition(layer, from) || !isFinitePosition(layer, to)) continue;
    for (const corner of [0, 1, -1]) {
      vertices.push(...layer.positions.subarray(3 * from, 3 * to + 3),
        ...colourAt(layer, from).map((c) => c / 255), corner);
    }
  }
  return new Float32Array(vertices);
}

// The lines of curves and arrows: data textures for each layer, and one index buffer for all.
class LineBuffers {
  constructor(gl, sideLengths) {
    this.gl = gl;
    this.sideLengths = sideLengths;
    // The shader reads everything from textures, so the vertex array has indices only.
    this.array = gl.createVertexArray();
    this.indices = gl.createBuffer();
    this.capacity = 0;
  }

  // Uploads the positions and attributes of the lines of a layer.
  upload(layer) {
    const n = layer.positions.length / 3;
    const positions = new Float32Array(4 * n), attributes = new Float32Array(4 * n);
    lineRanges(layer).forEach(([first, end], trial) => {
      let arcLength = 0;
      for (let i = first; i < end; i++) {
        const finite = isFinitePosition(layer, i);
        if (finite) positions.set(layer.positions.subarray(3 * i, 3 * i + 3), 4 * i);
        if (finite && i > first && isFinitePosition(layer, i - 1)) arcLength += this.distance(layer, i);
        positions[4 * i + 3] = arcLength;
        const [r, g, b] = colourAt(layer, i);
        attributes.set([finite ? 65536 * r + 256 * g + b : -1, i - first, trial], 4 * i);
      }
    });
    const textures = [positions, attributes].map((data) => createTexture(this.gl, data, 4));
    layer.lines = { textures, segments: new Map() };
  }

  // The distance between position `i` and the previous one.
  distance({ positions }, i) {
    const along = (side, k) => side * (positions[3 * i + k] - positions[3 * i - 3 + k]);
    return Math.hypot(...this.sideLengths.map(along));
  }

  // The segments of the lines of a layer, each `stride` time steps long.
  segments(layer, stride) {
    const cache = layer.lines.segments;
    if (!cache.has(stride)) {
      const ends = [];
      for (const [first, end] of lineRanges(layer)) {
        for (let i = first; i + 1 < end; i += stride) ends.push(i, Math.min(i + stride, end - 1));
      }
      const count = ends.length / 2;
      cache.set(stride, { count, texture: createTexture(this.gl, new Uint32Array(ends), 2) });
      this.reserve(count);
    }
    return cache.get(stride);
  }

  // Extends the index buffer to two triangles for each of `count` segments.
  reserve(count) {
    if (count <= this.capacity) return;
    const gl = this.gl, indices = new Uint32Array(6 * count);
    for (let k = 0; k < count; k++) indices.set([0, 1, 2, 2, 1, 3].map((corner) => 4 * k + corner), 6 * k);
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.indices);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
    this.capacity = count;
  }
}
