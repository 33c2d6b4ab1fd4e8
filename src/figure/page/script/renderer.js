// Drawing of the layers of a scene with WebGL.

const FADE = 0.45;            // fraction of its colour that a single-colour curve loses at the far end
const LINE_SCALE = 1.2;       // line widths relative to those of SVG figures
const TRAIL_PART = 8;         // the bright trail is one part in this many of the time steps
const TRIAL_MARKER_SIZE = 8;  // diameter of the marker at the current position of a trial, in pixels

class Renderer {
  // `view` is the panel: its camera, pixel ratio, hidden layers, trial and playback are read for each frame.
  constructor(canvas, scene, view) {
    this.canvas = canvas;
    this.scene = scene;
    this.view = view;
    const gl = canvas.getContext("webgl2", { antialias: true, premultipliedAlpha: true });
    if (!gl) throw "this browser has no WebGL 2";
    this.gl = gl;
    this.lines = createProgram(gl, LINE_SHADERS);
    this.points = createProgram(gl, POINT_SHADERS);
    this.arrowheads = createProgram(gl, ARROWHEAD_SHADERS);
    this.lineBuffers = new LineBuffers(gl, scene.side_lengths);
    scene.layers.forEach((layer) => this.upload(layer));
    this.trialMarkers = createVertexArray(gl, this.points, POINT_FIELDS, new Float32Array(7));
  }

  upload(layer) {
    if (layer.kind === "labels") return;
    if (layer.kind === "points") {
      layer.points = createVertexArray(this.gl, this.points, POINT_FIELDS, pointVertices(layer));
      return;
    }
    this.lineBuffers.upload(layer);
    if (layer.head) {
      layer.arrowheads = createVertexArray(this.gl, this.arrowheads, ARROWHEAD_FIELDS, arrowheadVertices(layer));
    }
  }

  // Draws the visible layers, with line segments of `stride` time steps.
  draw(stride) {
    const gl = this.gl;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(true);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    this.scene.layers.forEach((layer, k) => {
      if (layer.kind === "labels" || this.view.hidden.has(k)) return;
      if (layer.kind === "points") this.drawPoints(layer);
      else this.drawLines(layer, stride);
    });
    if (!this.view.playback.showsAll) this.drawTrialMarkers();
  }

  // Waits until everything is drawn: the GPU has to finish before pixels can be read.
  finish() {
    const gl = this.gl;
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  drawPoints(layer) {
    const gl = this.gl;
    this.setUniforms(this.points, layer);
    gl.depthMask(layer.opacity > 0.99);
    gl.bindVertexArray(layer.points.array);
    gl.drawArrays(gl.POINTS, 0, layer.points.count);
  }

  drawLines(layer, stride) {
    const gl = this.gl;
    this.setUniforms(this.lines, layer);
    // During playback, old parts of curves are translucent.
    gl.depthMask(layer.opacity > 0.99 && this.view.playback.showsAll);
    const { count, texture } = this.lineBuffers.segments(layer, stride);
    if (!count) return;
    [texture, ...layer.lines.textures].forEach((texture, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    });
    gl.bindVertexArray(this.lineBuffers.array);
    gl.drawElements(gl.TRIANGLES, 6 * count, gl.UNSIGNED_INT, 0);
    if (!layer.arrowheads) return;
    this.setUniforms(this.arrowheads, layer);
    gl.bindVertexArray(layer.arrowheads.array);
    gl.drawArrays(gl.TRIANGLES, 0, layer.arrowheads.count);
  }

  // Draws a marker at the current position of each trial.
  drawTrialMarkers() {
    const { hidden, trial, playback } = this.view, vertices = [];
    this.scene.layers.forEach((layer, k) => {
      if (layer.kind !== "paths" || hidden.has(k)) return;
      lineRanges(layer).forEach(([first, end], curve) => {
        const i = first + Math.min(Math.floor(playback.step), end - first - 1);
        if (i < 0 || (trial >= 0 && curve !== trial)) return;
        const colour = colourAt(layer, i).map((c) => c / 255);
        if (!Number.isFinite(layer.positions[3 * i])) return;
        vertices.push(...layer.positions.subarray(3 * i, 3 * i + 3), ...colour, TRIAL_MARKER_SIZE);
      });
    });
    const gl = this.gl;
    this.setUniforms(this.points, { opacity: 1, kind: "points" });
    gl.bindVertexArray(this.trialMarkers.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.trialMarkers.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(vertices), gl.DYNAMIC_DRAW);
    gl.drawArrays(gl.POINTS, 0, vertices.length / 7);
  }

  setUniforms({ program, uniforms }, layer) {
    const gl = this.gl, { camera, ratio } = this.view;
    gl.useProgram(program);
    gl.uniform3fv(uniforms.sides, this.scene.side_lengths);
    gl.uniform3fv(uniforms.right, camera.right);
    gl.uniform3fv(uniforms.up, camera.up);
    gl.uniform3fv(uniforms.eye, camera.eye);
    gl.uniform2fv(uniforms.view, camera.size);
    gl.uniform2fv(uniforms.offset, camera.offset);
    gl.uniform1f(uniforms.scale, camera.scale);
    gl.uniform1f(uniforms.opacity, layer.opacity);
    gl.uniform1f(uniforms.ratio, ratio);
    gl.uniform1i(uniforms.marker, Math.max(0, MARKERS.indexOf(layer.marker)));
    if (uniforms.width) this.setLineUniforms(uniforms, layer);
  }

  setLineUniforms(uniforms, layer) {
    const gl = this.gl, { playback, trial, steps } = this.view;
    const isPaths = layer.kind === "paths";
    const [dash, gap] = layer.dash || [0, 0];
    gl.uniform2f(uniforms.dash, LINE_SCALE * dash, LINE_SCALE * (dash + gap));
    ["segments", "positions", "attributes"].forEach((name, unit) => gl.uniform1i(uniforms[name], unit));
    gl.uniform1f(uniforms.width, LINE_SCALE * layer.width);
    gl.uniform1f(uniforms.fade, layer.values ? 0 : FADE);
    gl.uniform1f(uniforms.now, isPaths ? playback.step : -1);
    gl.uniform1f(uniforms.trail, Math.max(2, steps / TRAIL_PART));
    gl.uniform1f(uniforms.trial, isPaths ? trial : -1);
  }
}
