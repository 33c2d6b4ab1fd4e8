"use strict";
// Rotates, zooms and animates the panels of a figure. Positions are fractions of the sides of a box.

const FAR = 4;            // distance from the eye to the centre of the box, in units of its longest side
const FADE = 0.45;        // fraction of its colour that a single-colour curve loses at the far end
const WIDE = 2048;        // texels per row of a data texture
const QUICK = 25;         // target duration of a frame during motion, in milliseconds
const STILL = 250;        // milliseconds without motion before a full-detail redraw
const NEAR_ENOUGH = 14;   // largest distance between the pointer and a selectable point, in pixels
const ALONG = 0.97;       // cosine of the viewing angle above which a side is nearly parallel to the line of sight

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const floats = (text) => new Float32Array(bytes(text).buffer);
const css = (c, at) => `rgb(${c[3 * at]},${c[3 * at + 1]},${c[3 * at + 2]})`;
const short = (x) => Number.isFinite(x) ? String(Number(x.toPrecision(5))) : "none";

const PLACE = `#version 300 es
precision highp float;
uniform vec3 sides, right, up, eye;
uniform vec2 view, pan;
uniform float scale;
vec4 place(vec3 p) {
  vec3 c = (p - 0.5) * sides;
  float d = dot(c, eye), w = (${FAR}.0 - d) / ${FAR}.0;
  vec2 at = pan * w + scale * vec2(dot(c, right), dot(c, up));
  return vec4(at / (view * 0.5), -d / 1.8 * w, w);
}
float depth(vec3 p) { return clamp(0.5 + dot((p - 0.5) * sides, eye) / length(sides), 0.0, 1.0); }
`;
const LINES = [PLACE + `
uniform highp usampler2D pairs;   // indices of the two end points of each segment
uniform highp sampler2D places;   // position, and arc length along the curve
uniform highp sampler2D facts;    // colour (-1: no position), time step, trial
uniform float width, fade, now, trail, trial;
out vec4 ink;
out float along;
ivec2 cell(int i) { return ivec2(i % ${WIDE}, i / ${WIDE}); }
void main() {
  int piece = gl_VertexID / 4, corner = gl_VertexID % 4;
  uvec4 ends = texelFetch(pairs, cell(piece), 0);
  ivec2 from = cell(int(ends.x)), to = cell(int(ends.y));
  vec4 a = texelFetch(places, from, 0), b = texelFetch(places, to, 0);
  vec4 fact = texelFetch(facts, from, 0);
  bool shown = fact.x >= 0.0 && texelFetch(facts, to, 0).x >= 0.0
    && !(trial >= 0.0 && fact.z != trial) && !(now >= 0.0 && fact.y >= now);
  // Hidden segments are moved outside the clip volume.
  if (!shown) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); ink = vec4(0.0); along = 0.0; return; }
  bool second = corner % 2 == 1;
  float side = corner < 2 ? -1.0 : 1.0;
  vec4 p = place(a.xyz), q = place(b.xyz);
  vec2 way = (q.xy / q.w - p.xy / p.w) * view;
  float span = length(way);
  vec2 dir = span > 1e-6 ? way / span : vec2(1.0, 0.0);
  vec4 end = second ? q : p;
  vec2 out2 = (vec2(-dir.y, dir.x) * side + dir * (second ? 0.25 : -0.25)) * width / view;
  // Slightly farther than points, so that a point at the end of a line stays visible.
  gl_Position = end + vec4(out2 * end.w, 0.002 * end.w, 0.0);
  float far = 1.0 - depth(second ? b.xyz : a.xyz);
  vec3 colour = vec3(ivec3(fact.x) >> ivec3(16, 8, 0) & 255) / 255.0;
  ink = vec4(mix(colour, vec3(1.0), fade * far), 1.0);
  if (now >= 0.0 && fact.y < now - trail) ink.a *= 0.13;
  along = (second ? b.w : a.w) * scale;
}`, `#version 300 es
precision highp float;
uniform float opacity;
uniform vec2 dash;        // dash length and period, in pixels
in vec4 ink;
in float along;
out vec4 shown;
void main() {
  if (dash.y > 0.0 && mod(along, dash.y) > dash.x) discard;
  float a = ink.a * opacity;
  shown = vec4(ink.rgb * a, a);
}`];
const POINTS = [PLACE + `
uniform float ratio;
in vec3 a, colour;
in float size;
out vec3 ink;
out float wide, reach;
void main() {
  gl_Position = place(a);
  reach = 0.5 * size * ratio / gl_Position.w;
  wide = 2.7 * reach + 4.0;
  gl_PointSize = wide;
  ink = colour;
}`, `#version 300 es
precision highp float;
uniform float opacity, ratio;
uniform int marker;
in vec3 ink;
in float wide, reach;
out vec4 shown;
// Signed distance to the outline of the marker in pixels; the shapes match those of SVG figures.
float outside(vec2 p, float r, float pen) {
  vec2 q = abs(p);
  if (marker == 1) return max(q.x, q.y) - 0.9 * r;
  if (marker == 2) return max(p.y - 0.8 * r, dot(vec2(q.x, p.y + 1.2 * r), vec2(2.0, -1.1)) / 2.2825);
  if (marker == 3) return (dot(q, vec2(1.3, 1.1)) - 1.43 * r) / 1.703;
  if (marker == 4) { q = abs(vec2(p.x + p.y, p.x - p.y)) * 0.7071; r *= 1.273; }
  if (marker == 4 || marker == 5) return min(max(q.x - r, q.y - pen), max(q.y - r, q.x - pen));
  if (marker == 6) return abs(length(p) - r) - pen;
  return length(p) - r;
}
void main() {
  float pen = 0.7 * ratio;
  float d = outside((gl_PointCoord - 0.5) * wide, reach, pen);
  bool solid = marker < 4;
  // Filled markers have a white outline, one pixel wide.
  float a = clamp((solid ? 1.5 : 0.5) - d, 0.0, 1.0) * opacity;
  if (a <= 0.02) discard;
  shown = vec4((solid ? mix(ink, vec3(1.0), clamp(d + 0.5, 0.0, 1.0)) : ink) * a, a);
}`];
const HEADS = [PLACE + `
uniform float width;
in vec3 from, to, colour;
in float corner;          // 0: tip; 1 and -1: corners of the base
out vec3 ink;
void main() {
  vec4 p = place(from), q = place(to);
  vec2 way = (q.xy / q.w - p.xy / p.w) * 0.5 * view;
  float span = length(way), back = min(4.0 + 4.0 * sqrt(width), 0.6 * span);
  vec2 dir = span > 1e-6 ? way / span : vec2(1.0, 0.0);
  vec2 out2 = back * (0.45 * corner * vec2(-dir.y, dir.x) - abs(corner) * dir) / (0.5 * view);
  gl_Position = q + vec4(out2 * q.w, 0.004 * q.w, 0.0);
  ink = colour;
}`, `#version 300 es
precision highp float;
uniform float opacity;
in vec3 ink;
out vec4 shown;
void main() { shown = vec4(ink, 1.0) * opacity; }`];
const POINT = [["a", 3], ["colour", 3], ["size", 1]];
const CORNER = [["from", 3], ["to", 3], ["colour", 3], ["corner", 1]];
const MARKERS = ["dot", "square", "triangle", "diamond", "cross", "plus", "ring"];

function program(gl, [vertex, fragment]) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw gl.getShaderInfoLog(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw gl.getProgramInfoLog(made);
  const at = {};
  for (let k = 0; k < gl.getProgramParameter(made, gl.ACTIVE_UNIFORMS); k++) {
    const { name } = gl.getActiveUniform(made, k);
    at[name] = gl.getUniformLocation(made, name);
  }
  return { made, at };
}

// A vertex array of records with the given fields.
function records(gl, { made }, fields, data) {
  const array = gl.createVertexArray(), buffer = gl.createBuffer();
  gl.bindVertexArray(array);
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
  const size = fields.reduce((sum, [, n]) => sum + n, 0);
  let first = 0;
  for (const [name, n] of fields) {
    const at = gl.getAttribLocation(made, name);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, n, gl.FLOAT, false, 4 * size, 4 * first);
    first += n;
  }
  return { array, buffer, count: data.length / size };
}

// A data texture for shaders; a texel holds four floats or two integers.
function texture(gl, data, each) {
  const [inside, kind, type] = each === 4 ? [gl.RGBA32F, gl.RGBA, gl.FLOAT]
    : [gl.RG32UI, gl.RG_INTEGER, gl.UNSIGNED_INT];
  const rows = Math.max(1, Math.ceil(data.length / each / WIDE));
  const whole = new data.constructor(rows * WIDE * each);
  whole.set(data);
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texImage2D(gl.TEXTURE_2D, 0, inside, WIDE, rows, 0, kind, type, whole);
  return made;
}

class Panel {
  constructor(stage, host) {
    this.stage = stage;
    this.host = host;
    this.camera = null;
    this.hidden = new Set();
    this.now = -1;
    this.playing = false;
    this.speed = 1;           // playback speed relative to the default
    this.trial = -1;
    this.kept = null;
    this.whole = 0;       // duration of a full-detail frame, in milliseconds
    this.until = 0;       // time at which the current motion ends
    const layer = (name) => {
      const canvas = document.createElement("canvas");
      canvas.className = name;
      host.append(canvas);
      return canvas;
    };
    this.under = layer("under").getContext("2d");
    this.solid = layer("solid");
    this.over = layer("over").getContext("2d");
    this.gl = this.solid.getContext("webgl2",
      { antialias: true, premultipliedAlpha: true });
    if (!this.gl) throw "this browser has no WebGL 2";
    this.steps = 0;
    this.trials = 0;
    this.load();
    this.furnish();
    this.listen();
    this.back();
    new ResizeObserver(() => this.ask()).observe(host);
  }

  load() {
    const gl = this.gl;
    this.lines = program(gl, LINES);
    this.points = program(gl, POINTS);
    this.heads = program(gl, HEADS);
    this.blank = gl.createVertexArray();
    this.quads = { count: 0, buffer: gl.createBuffer() };
    for (const act of this.stage.acts) {
      act.at = floats(act.at);
      act.colours = bytes(act.colours);
      act.values = act.values ? floats(act.values) : null;
      if (act.kind === "paths") {
        this.trials = Math.max(this.trials, act.ends.length);
        act.curves = act.ends.map((end, k) => [k ? act.ends[k - 1] : 0, end]);
        for (const [first, end] of act.curves) this.steps = Math.max(this.steps, end - first);
        this.describe(act);
      } else if (act.kind === "arrows") {
        act.curves = Array.from({ length: act.at.length / 6 }, (_, k) => [2 * k, 2 * k + 2]);
        this.describe(act);
        if (act.head) act.tips = records(gl, this.heads, CORNER, this.tips(act));
      } else if (act.kind === "points") {
        act.sizes = floats(act.sizes);
        const out = [];
        for (let i = 0; i < act.at.length / 3; i++) {
          if (!this.fine(act, i)) continue;
          out.push(...act.at.subarray(3 * i, 3 * i + 3), ...this.shade(act, i).map((c) => c / 255),
            act.sizes[act.sizes.length === 1 ? 0 : i]);
        }
        act.drawn = records(gl, this.points, POINT, new Float32Array(out));
      }
    }
    this.ends = records(gl, this.points, POINT, new Float32Array(7));
  }

  // The vertices of the arrowheads.
  tips(act) {
    const out = [];
    for (const [from, end] of act.curves) {
      const to = end - 1;
      if (!this.fine(act, from) || !this.fine(act, to)) continue;
      for (const corner of [0, 1, -1]) {
        out.push(...act.at.subarray(3 * from, 3 * to + 3), ...this.shade(act, from).map((c) => c / 255), corner);
      }
    }
    return new Float32Array(out);
  }

  fine({ at }, i) { return Number.isFinite(at[3 * i] + at[3 * i + 1] + at[3 * i + 2]); }

  shade({ colours }, i) {
    const c = colours.length === 3 ? 0 : 3 * i;
    return [colours[c], colours[c + 1], colours[c + 2]];
  }

  // Uploads the positions and attributes of lines as data textures.
  describe(act) {
    const n = act.at.length / 3, sides = this.stage.sides;
    const places = new Float32Array(4 * n), facts = new Float32Array(4 * n);
    act.curves.forEach(([first, end], trial) => {
      let along = 0;
      for (let i = first; i < end; i++) {
        const fine = this.fine(act, i);
        if (fine) places.set(act.at.subarray(3 * i, 3 * i + 3), 4 * i);
        if (fine && i > first && this.fine(act, i - 1)) {
          along += Math.hypot(...sides.map((side, k) => side * (act.at[3 * i + k] - act.at[3 * i - 3 + k])));
        }
        places[4 * i + 3] = along;
        const [r, g, b] = this.shade(act, i);
        facts.set([fine ? 65536 * r + 256 * g + b : -1, i - first, trial], 4 * i);
      }
    });
    act.places = texture(this.gl, places, 4);
    act.facts = texture(this.gl, facts, 4);
    act.pieces = new Map();
  }

  // The segments of the lines of a layer, each `stride` time steps long.
  pieces(act, stride) {
    if (!act.pieces.has(stride)) {
      const out = [];
      for (const [first, end] of act.curves) {
        for (let i = first; i + 1 < end; i += stride) out.push(i, Math.min(i + stride, end - 1));
      }
      const count = out.length / 2;
      act.pieces.set(stride, { count, pairs: texture(this.gl, new Uint32Array(out), 2) });
      this.room(count);
    }
    return act.pieces.get(stride);
  }

  // Index buffer with two triangles for each of `count` segments.
  room(count) {
    if (count <= this.quads.count) return;
    const gl = this.gl, all = new Uint32Array(6 * count);
    for (let k = 0; k < count; k++) all.set([0, 1, 2, 2, 1, 3].map((c) => 4 * k + c), 6 * k);
    gl.bindVertexArray(this.blank);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.quads.buffer);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, all, gl.STATIC_DRAW);
    this.quads.count = count;
  }

  // Adds title, legend and playback controls.
  furnish() {
    const add = (kind, name, text) => {
      const made = document.createElement(kind);
      made.className = name;
      if (text) made.textContent = text;
      return made;
    };
    if (this.stage.title) this.host.append(add("div", "title", this.stage.title));
    const legend = add("div", "legend");
    this.stage.acts.forEach((act, k) => {
      if (!act.label) return;
      const row = add("label", "");
      const sign = add("i", act.kind === "points" ? "point" : "line");
      if (act.kind === "points") sign.innerHTML = this.sign(act);
      else sign.style.background = css(act.colours, 0);
      row.append(sign, act.label);
      row.title = "show or hide";
      row.onclick = () => {
        this.hidden.has(k) ? this.hidden.delete(k) : this.hidden.add(k);
        row.classList.toggle("off", this.hidden.has(k));
        this.ask();
      };
      legend.append(row);
    });
    this.host.append(legend);
    this.read = add("div", "read");
    this.host.append(this.read);
    if (this.steps < 2) return;
    const time = add("div", "time");
    this.button = add("button", "play", "play");
    this.button.onclick = () => this.play();
    this.slider = Object.assign(document.createElement("input"),
      { type: "range", min: 0, max: this.steps - 1, step: 1, value: this.steps - 1 });
    this.slider.oninput = () => this.go(Number(this.slider.value));
    this.told = add("span", "now", "all steps");
    time.append(this.button, this.slider, this.told);
    if (this.trials > 1) {
      this.choice = document.createElement("select");
      this.choice.append(new Option("all trials", -1));
      for (let k = 0; k < this.trials; k++) this.choice.append(new Option(`trial ${k}`, k));
      this.choice.onchange = () => { this.trial = Number(this.choice.value); this.ask(); };
      time.append(this.choice);
    }
    this.host.append(time);
  }

  // The marker of a layer as a small SVG.
  sign({ marker, corners, strokes, colours }) {
    const path = (points) => points.map(([x, y]) => `${x} ${y}`).join("L");
    const round = marker === "dot" || marker === "ring";
    const shape = round ? `<circle r="1"/>`
      : `<path d="${corners.length ? `M${path(corners)}Z` : strokes.map((s) => `M${path(s)}`).join("")}"/>`;
    const filled = marker === "dot" || corners.length;
    const ink = filled ? `fill="${css(colours, 0)}"` : `fill="none" stroke="${css(colours, 0)}" stroke-width="0.3"`;
    return `<svg viewBox="-1.5 -1.5 3 3" ${ink}>${shape}</svg>`;
  }

  listen() {
    const host = this.over.canvas;
    let held = null;
    const touches = new Map();
    host.addEventListener("pointerdown", (e) => {
      host.setPointerCapture(e.pointerId);
      touches.set(e.pointerId, [e.clientX, e.clientY]);
      held = { at: [e.clientX, e.clientY], moved: 0, pan: e.shiftKey || e.button !== 0 };
      active = this;
    });
    host.addEventListener("pointermove", (e) => {
      if (!held) return this.hover(e);
      const before = touches.get(e.pointerId) || held.at;
      const [dx, dy] = [e.clientX - before[0], e.clientY - before[1]];
      if (touches.size === 2) {
        const other = [...touches].find(([id]) => id !== e.pointerId)[1];
        const gap = ([x, y]) => Math.hypot(x - other[0], y - other[1]);
        this.camera.zoom *= (gap([e.clientX, e.clientY]) + 1) / (gap(before) + 1);
        this.camera.pan[0] += dx / 2;
        this.camera.pan[1] -= dy / 2;
      } else if (held.pan) {
        this.camera.pan[0] += dx;
        this.camera.pan[1] -= dy;
      } else {
        this.camera.azimuth -= 0.4 * dx;
        this.camera.elevation = Math.max(-89.9, Math.min(89.9, this.camera.elevation + 0.4 * dy));
      }
      held.moved += Math.hypot(dx, dy);
      touches.set(e.pointerId, [e.clientX, e.clientY]);
      this.move();
    });
    const leave = (e) => {
      touches.delete(e.pointerId);
      if (held && held.moved < 4 && e.type === "pointerup") {
        const found = this.nearest(e);
        this.kept = found;
        this.show(found, true);
        this.ask();
      }
      held = null;
    };
    host.addEventListener("pointerup", leave);
    host.addEventListener("pointercancel", leave);
    host.addEventListener("pointerleave", () => { if (!this.kept) this.show(null); });
    host.addEventListener("contextmenu", (e) => e.preventDefault());
    host.addEventListener("wheel", (e) => {
      e.preventDefault();
      this.camera.zoom *= Math.exp(-0.0012 * e.deltaY);
      this.move();
    }, { passive: false });
  }

  back() {
    this.camera = { zoom: 1, pan: [0, 0] };
    this.look(this.stage.azimuth, this.stage.elevation);
  }

  look(azimuth, elevation) {
    Object.assign(this.camera, { azimuth, elevation });
    this.ask();
  }

  play() {
    this.playing = !this.playing;
    if (this.playing && (this.now < 0 || this.now >= this.steps - 1)) this.now = 0;
    this.button.textContent = this.playing ? "pause" : "play";
    this.before = performance.now();
    this.ask();
  }

  hasten(times) {
    this.speed = Math.max(1 / 64, Math.min(64, this.speed * times));
    this.ask();
  }

  go(step) {
    this.now = Math.max(0, Math.min(this.steps - 1, step));
    if (this.now === this.steps - 1 && !this.playing) this.now = -1;
    this.ask();
  }

  ask() {
    if (!this.asked) {
      this.asked = true;
      requestAnimationFrame((at) => { this.asked = false; this.draw(at); });
    }
  }

  // Requests frames of reduced detail until the motion ends.
  move() {
    this.until = performance.now() + STILL;
    clearTimeout(this.later);
    this.later = setTimeout(() => this.ask(), STILL + 10);
    this.ask();
  }

  // Resizes the canvases and computes the projection to pixels.
  fit() {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.host.clientWidth, this.host.clientHeight];
    for (const canvas of [this.under.canvas, this.solid, this.over.canvas]) {
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
    }
    const { azimuth, elevation, zoom, pan } = this.camera;
    const [turn, rise] = [azimuth * Math.PI / 180, elevation * Math.PI / 180];
    const [s, c, high, flat] = [Math.sin(turn), Math.cos(turn), Math.sin(rise), Math.cos(rise)];
    const room = this.stage.bar ? 90 : 0;
    this.right = [-s, c, 0];
    this.up = [-high * c, -high * s, flat];
    this.eye = [flat * c, flat * s, high];
    this.view = [width, height];
    this.ratio = ratio;
    this.scale = zoom * 0.62 * Math.min(width - room - 50, height - 40);
    this.pan = [pan[0] - room / 2, pan[1] + 8];
  }

  project(p) {
    const c = p.map((x, k) => (x - 0.5) * this.stage.sides[k]);
    const dot = (v) => c[0] * v[0] + c[1] * v[1] + c[2] * v[2];
    const w = (FAR - dot(this.eye)) / FAR;
    return [this.view[0] / 2 + this.pan[0] + this.scale * dot(this.right) / w,
      this.view[1] / 2 - this.pan[1] - this.scale * dot(this.up) / w];
  }

  draw(at) {
    if (this.playing) {
      const seconds = Math.min(0.1, (at - this.before) / 1000);
      this.before = at;
      this.now = (this.now + seconds * this.speed * this.steps / 6) % this.steps;
      this.ask();
    }
    if (this.slider) {
      this.slider.value = this.now < 0 ? this.steps - 1 : Math.floor(this.now);
      const speed = this.speed === 1 ? "" : `, speed x ${this.speed}`;
      this.told.textContent = this.now < 0 ? "all steps" : `step ${Math.floor(this.now)}${speed}`;
    }
    this.fit();
    this.walls();
    const moves = this.playing || performance.now() < this.until;
    this.stride = moves ? Math.max(1, Math.min(16, Math.ceil(this.whole / QUICK))) : 1;
    if (!moves && this.now < 0) this.measure();
    else this.shapes();
    this.words();
    frames++;
  }

  // Measures the duration of a full-detail frame; readPixels waits for the GPU.
  measure() {
    const gl = this.gl;
    const drawn = () => {
      this.shapes();
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    };
    // The first frame includes shader compilation and other browser work: measure again later.
    if (!this.whole) {
      drawn();
      setTimeout(() => this.ask(), 500);
    }
    const before = performance.now();
    drawn();
    this.whole = performance.now() - before;
  }

  uniforms({ made, at }, act) {
    const gl = this.gl;
    gl.useProgram(made);
    gl.uniform3fv(at.sides, this.stage.sides);
    gl.uniform3fv(at.right, this.right);
    gl.uniform3fv(at.up, this.up);
    gl.uniform3fv(at.eye, this.eye);
    gl.uniform2fv(at.view, this.view);
    gl.uniform2fv(at.pan, this.pan);
    gl.uniform1f(at.scale, this.scale);
    gl.uniform1f(at.opacity, act.opacity);
    gl.uniform1f(at.ratio, this.ratio);
    gl.uniform1i(at.marker, Math.max(0, MARKERS.indexOf(act.marker)));
    if (at.width) {
      const paths = act.kind === "paths";
      const [ink, gap] = act.dash || [0, 0];
      gl.uniform2f(at.dash, 1.2 * ink, 1.2 * (ink + gap));
      ["pairs", "places", "facts"].forEach((name, k) => gl.uniform1i(at[name], k));
      gl.uniform1f(at.width, 1.2 * act.width);
      gl.uniform1f(at.fade, act.values ? 0 : FADE);
      gl.uniform1f(at.now, paths ? this.now : -1);
      gl.uniform1f(at.trail, Math.max(2, this.steps / 8));
      gl.uniform1f(at.trial, paths ? this.trial : -1);
    }
  }

  shapes() {
    const gl = this.gl;
    gl.viewport(0, 0, this.solid.width, this.solid.height);
    gl.clearColor(0, 0, 0, 0);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(true);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    this.stage.acts.forEach((act, k) => {
      if (act.kind === "labels" || this.hidden.has(k)) return;
      const points = act.kind === "points";
      this.uniforms(points ? this.points : this.lines, act);
      gl.depthMask(act.opacity > 0.99 && (points || this.now < 0));
      if (points) {
        gl.bindVertexArray(act.drawn.array);
        gl.drawArrays(gl.POINTS, 0, act.drawn.count);
        return;
      }
      const { count, pairs } = this.pieces(act, this.stride);
      if (!count) return;
      [pairs, act.places, act.facts].forEach((texture, k) => {
        gl.activeTexture(gl.TEXTURE0 + k);
        gl.bindTexture(gl.TEXTURE_2D, texture);
      });
      gl.bindVertexArray(this.blank);
      gl.drawElements(gl.TRIANGLES, 6 * count, gl.UNSIGNED_INT, 0);
      if (!act.tips) return;
      this.uniforms(this.heads, act);
      gl.bindVertexArray(act.tips.array);
      gl.drawArrays(gl.TRIANGLES, 0, act.tips.count);
    });
    if (this.now >= 0) this.fronts();
  }

  // The current position of each trial.
  fronts() {
    const out = [];
    this.stage.acts.forEach((act, k) => {
      if (act.kind !== "paths" || this.hidden.has(k)) return;
      let first = 0;
      act.ends.forEach((end, trial) => {
        const i = first + Math.min(Math.floor(this.now), end - first - 1);
        first = end;
        if (i < 0 || (this.trial >= 0 && trial !== this.trial)) return;
        const shade = this.shade(act, i).map((c) => c / 255);
        if (Number.isFinite(act.at[3 * i])) out.push(...act.at.subarray(3 * i, 3 * i + 3), ...shade, 8);
      });
    });
    const gl = this.gl;
    this.uniforms(this.points, { opacity: 1, kind: "points" });
    gl.bindVertexArray(this.ends.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.ends.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(out), gl.DYNAMIC_DRAW);
    gl.drawArrays(gl.POINTS, 0, out.length / 7);
  }

  // The far walls of the box with grid and labels.
  walls() {
    const g = this.under;
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.clearRect(0, 0, ...this.view);
    const far = [0, 1, 2].map((k) => this.eye[k] >= -1e-9 ? 0 : 1);
    const path = (corners) => {
      g.beginPath();
      corners.forEach((p, i) => i ? g.lineTo(...this.project(p)) : g.moveTo(...this.project(p)));
    };
    const spot = (pairs) => { const p = [0, 0, 0]; for (const [k, x] of pairs) p[k] = x; return p; };
    g.lineWidth = 1;
    for (let k = 0; k < 3; k++) {
      const [a, b] = [(k + 1) % 3, (k + 2) % 3];
      const wall = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([x, y]) => spot([[k, far[k]], [a, x], [b, y]]));
      path([...wall, wall[0]]);
      g.fillStyle = "#f6f6f8";
      g.fill();
      g.strokeStyle = "#dcdce2";
      g.stroke();
    }
    const scales = this.stage.scales;
    g.font = "11px Arimo, Arial, Helvetica, sans-serif";
    for (let k = 0; k < 3; k++) {
      const [a, b] = [(k + 1) % 3, (k + 2) % 3];
      for (const [at] of scales[k].ticks) {
        for (const [fixed, free] of [[a, b], [b, a]]) {
          path([0, 1].map((end) => spot([[k, at], [fixed, far[fixed]], [free, end]])));
          g.stroke();
        }
      }
    }
    const near = far.map((x) => 1 - x);
    for (let k = 0; k < 3; k++) {
      const sides = k < 2 ? [[[1 - k, near[1 - k]], [2, far[2]]]]
        : [[[0, near[0]], [1, far[1]]], [[0, far[0]], [1, near[1]]]];
      const edges = sides.map((at) => ({ at, ends: [0, 1].map((x) => this.project(spot([[k, x], ...at]))) }));
      edges.sort((x, y) => x.ends[0][0] - y.ends[0][0]);
      const { at, ends: [from, to] } = edges[0];
      const long = Math.hypot(to[0] - from[0], to[1] - from[1]);
      if (long < 40 || Math.abs(this.eye[k]) > ALONG) continue;
      const centre = this.project([0.5, 0.5, 0.5]);
      const mid = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
      let out = [(from[1] - to[1]) / long, (to[0] - from[0]) / long];
      if (out[0] * (mid[0] - centre[0]) + out[1] * (mid[1] - centre[1]) < 0) out = out.map((x) => -x);
      g.strokeStyle = g.fillStyle = "#222";
      g.textAlign = "center";
      g.textBaseline = "middle";
      g.beginPath();
      g.moveTo(...from);
      g.lineTo(...to);
      let widest = 0;
      for (const [part, text] of scales[k].ticks) {
        const [x, y] = this.project(spot([[k, part], ...at]));
        g.moveTo(x, y);
        g.lineTo(x + 4 * out[0], y + 4 * out[1]);
        const reach = Math.abs(out[0]) * g.measureText(text).width / 2 + Math.abs(out[1]) * 5;
        widest = Math.max(widest, 2 * reach);
        g.fillText(text, x + (7 + reach) * out[0], y + (7 + reach) * out[1]);
      }
      g.stroke();
      if (scales[k].label) {
        let angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
        if (angle > Math.PI / 2 - 0.01) angle -= Math.PI;
        if (angle < -Math.PI / 2 - 0.01) angle += Math.PI;
        g.save();
        g.translate(mid[0] + (20 + widest) * out[0], mid[1] + (20 + widest) * out[1]);
        g.rotate(angle);
        g.font = "13px Arimo, Arial, Helvetica, sans-serif";
        g.fillText(scales[k].label, 0, 0);
        g.restore();
      }
    }
  }

  // Labels, the colour bar and the selected point.
  words() {
    const g = this.over;
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.clearRect(0, 0, ...this.view);
    g.font = "12px Arimo, Arial, Helvetica, sans-serif";
    this.stage.acts.forEach((act, k) => {
      if (this.hidden.has(k)) return;
      if (act.kind !== "labels") return;
      g.textAlign = "left";
      g.textBaseline = "alphabetic";
      act.texts.forEach((text, i) => {
        const [x, y] = this.project([...act.at.subarray(3 * i, 3 * i + 3)]);
        g.lineWidth = 3;
        g.strokeStyle = "#ffffffc0";
        g.strokeText(text, x + 6, y - 5);
        g.fillStyle = css(act.colours, 0);
        g.fillText(text, x + 6, y - 5);
      });
    });
    if (this.stage.bar) this.bar(g);
    if (this.kept) {
      const [x, y] = this.project(this.kept.place);
      g.strokeStyle = "#000";
      g.lineWidth = 1.5;
      g.beginPath();
      g.arc(x, y, 8, 0, 7);
      g.stroke();
      this.show(this.kept, true);
    }
  }

  bar(g) {
    const { label, ticks, shades } = this.stage.bar;
    const [left, wide, tall] = [this.view[0] - 78, 12, Math.min(260, this.view[1] - 120)];
    const top = (this.view[1] - tall) / 2;
    shades.forEach((shade, k) => {
      g.fillStyle = shade;
      const y = top + tall * (1 - (k + 1) / shades.length);
      g.fillRect(left, y, wide, tall / shades.length + 1);
    });
    g.fillStyle = g.strokeStyle = "#222";
    g.textAlign = "left";
    g.textBaseline = "middle";
    for (const [at, text] of ticks) g.fillText(text, left + wide + 6, top + tall * (1 - at));
    g.save();
    g.translate(left + wide + 52, top + tall / 2);
    g.rotate(-Math.PI / 2);
    g.textAlign = "center";
    g.fillText(label, 0, 0);
    g.restore();
  }

  nearest(e) {
    const box = this.host.getBoundingClientRect();
    const [x, y] = [e.clientX - box.left, e.clientY - box.top];
    let best = null, gap = NEAR_ENOUGH;
    this.stage.acts.forEach((act, k) => {
      if (this.hidden.has(k) || act.kind === "labels") return;
      let trial = 0;
      for (let i = 0; i < act.at.length / 3; i++) {
        while (act.kind === "paths" && i >= act.ends[trial]) trial++;
        if (act.kind === "paths" && this.trial >= 0 && trial !== this.trial) continue;
        if (act.kind === "paths" && this.now >= 0 &&
            i - (trial ? act.ends[trial - 1] : 0) > this.now) continue;
        const place = [act.at[3 * i], act.at[3 * i + 1], act.at[3 * i + 2]];
        const [px, py] = this.project(place);
        const d = Math.hypot(px - x, py - y) - (act.kind === "points" ? 3 : 0);
        if (d < gap) {
          gap = d;
          const step = act.kind === "paths" ? i - (trial ? act.ends[trial - 1] : 0) : null;
          best = { act, i, place, trial, step };
        }
      }
    });
    return best;
  }

  hover(e) {
    if (!this.kept) this.show(this.nearest(e));
  }

  show(found, kept) {
    this.read.style.display = found ? "block" : "none";
    if (!found) return;
    this.read.classList.toggle("kept", Boolean(kept));
    const { act, i, place, trial, step } = found;
    const rows = [];
    if (act.label) rows.push(act.label);
    if (step !== null) rows.push(`trial ${trial}, step ${step}`);
    else rows.push(`${act.kind === "points" ? "point" : "arrow"} ${act.kind === "points" ? i : i >> 1}`);
    this.stage.scales.forEach(({ label, low, high, log, reversed }, k) => {
      const part = reversed ? 1 - place[k] : place[k];
      let x = log ? low * (high / low) ** part : low + (high - low) * part;
      // Positions have single precision.
      if (!log && Math.abs(x) < 1e-7 * Math.abs(high - low)) x = 0;
      rows.push(`${label || "xyz"[k]}: ${short(x)}`);
    });
    if (act.values) rows.push(`${(this.stage.bar && this.stage.bar.label) || "value"}: ${short(act.values[i])}`);
    this.read.textContent = rows.join("\n");
    const [x, y] = this.project(place);
    this.read.style.left = `${Math.min(x + 14, this.view[0] - 150)}px`;
    this.read.style.top = `${Math.max(4, Math.min(y + 10, this.view[1] - 110))}px`;
  }

  // Saves the three canvases as one image.
  save() {
    // The drawing buffer is cleared after presentation: draw again.
    this.stride = 1;
    this.shapes();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.solid.width, this.solid.height];
    const g = canvas.getContext("2d");
    g.fillStyle = "#fff";
    g.fillRect(0, 0, canvas.width, canvas.height);
    for (const layer of [this.under.canvas, this.solid, this.over.canvas]) g.drawImage(layer, 0, 0);
    const link = document.createElement("a");
    link.href = canvas.toDataURL("image/png");
    link.download = `${this.stage.title || "scene"}.png`;
    link.click();
  }

  key(e) {
    const step = Math.max(0, this.now < 0 ? this.steps - 1 : Math.floor(this.now));
    const doing = {
      " ": () => this.steps > 1 && this.play(),
      ArrowRight: () => this.steps > 1 && this.go(step + 1),
      ArrowLeft: () => this.steps > 1 && this.go(step - 1),
      t: () => {
        if (this.trials < 2) return;
        // Start with the trial of the selected point.
        const clicked = this.kept && this.kept.step !== null ? this.kept.trial : 0;
        this.trial = this.trial < 0 ? clicked : this.trial + 1 < this.trials ? this.trial + 1 : -1;
        if (this.choice) this.choice.value = this.trial;
        this.ask();
      },
      ArrowUp: () => this.hasten(2),
      ArrowDown: () => this.hasten(0.5),
      a: () => { if (this.playing) this.play(); this.go(this.steps - 1); },
      x: () => this.look(0, 0),
      y: () => this.look(-90, 0),
      z: () => this.look(-90, 89.9),
      s: () => this.save(),
      r: () => this.back(),
      Escape: () => { this.kept = null; this.show(null); this.ask(); },
    }[e.key.length === 1 ? e.key.toLowerCase() : e.key];
    if (doing && !e.ctrlKey && !e.metaKey) {
      e.preventDefault();
      doing();
    }
  }
}

let active = null, frames = 0;
const figure = JSON.parse(document.getElementById("figure").textContent);
const main = document.getElementById("panels");
main.style.gridTemplateColumns = `repeat(${figure.columns}, minmax(0, 1fr))`;
main.style.gridAutoRows = "minmax(0, 1fr)";
const panels = [];
for (const part of figure.panels) {
  const host = document.createElement("div");
  main.append(host);
  if (!part) continue;
  host.className = part.svg ? "flat" : "panel";
  if (part.svg) {
    host.innerHTML = part.svg;
    continue;
  }
  try {
    panels.push(new Panel(part, host));
  } catch (fault) {
    host.innerHTML = "";
    host.className = "fault";
    host.textContent = `The panel cannot be drawn: ${fault}`;
  }
}
active = panels[0] || null;
addEventListener("keydown", (e) => active && !(e.target instanceof HTMLSelectElement) && active.key(e));
