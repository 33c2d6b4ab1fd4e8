// WebGL objects: programs, vertex arrays and data textures.

// A compiled program, and the locations of its uniforms by name.
function createProgram(gl, [vertex, fragment]) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw gl.getShaderInfoLog(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw gl.getProgramInfoLog(program);
  const uniforms = {};
  for (let k = 0; k < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); k++) {
    const { name } = gl.getActiveUniform(program, k);
    uniforms[name] = gl.getUniformLocation(program, name);
  }
  return { program, uniforms };
}

// A vertex array of records with the given fields.
function createVertexArray(gl, { program }, fields, data) {
  const array = gl.createVertexArray(), buffer = gl.createBuffer();
  gl.bindVertexArray(array);
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
  const size = fields.reduce((sum, [, n]) => sum + n, 0);
  let offset = 0;
  for (const [name, n] of fields) {
    const location = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, n, gl.FLOAT, false, 4 * size, 4 * offset);
    offset += n;
  }
  return { array, buffer, count: data.length / size };
}

// A data texture for shaders; a texel holds four floats or two integers.
function createTexture(gl, data, perTexel) {
  const [internalFormat, format, type] = perTexel === 4 ? [gl.RGBA32F, gl.RGBA, gl.FLOAT]
    : [gl.RG32UI, gl.RG_INTEGER, gl.UNSIGNED_INT];
  const rows = Math.max(1, Math.ceil(data.length / perTexel / TEXTURE_WIDTH));
  const padded = new data.constructor(rows * TEXTURE_WIDTH * perTexel);
  padded.set(data);
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texImage2D(gl.TEXTURE_2D, 0, internalFormat, TEXTURE_WIDTH, rows, 0, format, type, padded);
  return texture;
}
