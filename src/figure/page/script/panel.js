// A panel of the page: three canvases, one above the other, and the state of the view.

const FRAME_TIME = 25;    // target duration of a frame during motion, in milliseconds
const SETTLE_TIME = 250;  // milliseconds without motion before a full-detail redraw
const MAX_STRIDE = 16;    // largest number of time steps per line segment during motion

class Panel {
  constructor(scene, host) {
    this.scene = scene;
    this.host = host;
    this.hidden = new Set();    // indices of hidden layers
    this.trial = -1;            // the only visible trial; -1: all
    this.selection = null;
    this.ratio = 1;             // screen pixels per CSS pixel
    this.fullFrameTime = 0;     // duration of a full-detail frame, in milliseconds
    this.motionEnd = 0;         // time at which the current motion ends
    scene.layers.forEach(decodeLayer);
    const paths = scene.layers.filter((layer) => layer.kind === "paths");
    const largest = (numbers) => numbers.reduce((a, b) => Math.max(a, b), 0);
    this.trials = largest(paths.map((layer) => layer.ends.length));
    this.steps = largest(paths.flatMap(lineRanges).map(([first, end]) => end - first));
    this.camera = new Camera(scene);
    this.playback = new Playback(this.steps);
    this.axesBox = new AxesBox(scene.axes_box);
    this.canvases = ["box", "layers", "overlay"].map((name) => createElement("canvas", name));
    host.append(...this.canvases);
    this.box = this.canvases[0].getContext("2d");
    this.renderer = new Renderer(this.canvases[1], scene, this);
    this.overlay = this.canvases[2].getContext("2d");
    this.addControls();
    new PointerInput(this, this.overlay.canvas);
    this.requestFrame();
    new ResizeObserver(() => this.requestFrame()).observe(host);
  }

  addControls() {
    if (this.scene.title) this.host.append(createElement("div", "title", this.scene.title));
    this.readout = new Readout(this.scene, this.camera);
    this.host.append(createLegend(this), this.readout.element);
    if (this.steps < 2) return;
    this.controls = new PlaybackControls(this);
    this.host.append(this.controls.element);
  }

  requestFrame() {
    if (this.frameRequested) return;
    this.frameRequested = true;
    requestAnimationFrame((now) => {
      this.frameRequested = false;
      this.draw(now);
    });
  }

  // Requests frames of reduced detail until the motion ends.
  startMotion() {
    this.motionEnd = performance.now() + SETTLE_TIME;
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => this.requestFrame(), SETTLE_TIME + 10);
    this.requestFrame();
  }

  // Draws a frame at a time in milliseconds.
  draw(now) {
    if (this.playback.playing) {
      this.playback.advance(now);
      this.requestFrame();
    }
    if (this.controls) this.controls.update(this.trial);
    this.resize();
    this.drawBox();
    const isMoving = this.playback.playing || performance.now() < this.motionEnd;
    const stride = Math.ceil(this.fullFrameTime / FRAME_TIME);
    this.stride = isMoving ? Math.max(1, Math.min(MAX_STRIDE, stride)) : 1;
    if (!isMoving && this.playback.showsAll) this.measureFrame();
    else this.renderer.draw(this.stride);
    this.drawOverlay();
  }

  // Resizes the canvases to the size of the panel.
  resize() {
    this.ratio = window.devicePixelRatio || 1;
    const size = [this.host.clientWidth, this.host.clientHeight];
    const [width, height] = size.map((x) => Math.round(x * this.ratio));
    for (const canvas of this.canvases) {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    }
    this.camera.resize(...size);
  }

  // Draws a full-detail frame and measures its duration.
  measureFrame() {
    const drawAll = () => {
      this.renderer.draw(this.stride);
      this.renderer.finish();
    };
    // The first frame includes shader compilation and other browser work: measure again later.
    if (!this.fullFrameTime) {
      drawAll();
      setTimeout(() => this.requestFrame(), 500);
    }
    const before = performance.now();
    drawAll();
    this.fullFrameTime = performance.now() - before;
  }

  drawBox() {
    this.clear(this.box);
    this.axesBox.draw(this.box, this.camera);
  }

  drawOverlay() {
    const g = this.overlay;
    this.clear(g);
    g.font = LABEL_FONT;
    this.scene.layers.forEach((layer, k) => {
      if (layer.kind === "labels" && !this.hidden.has(k)) drawTextLabels(g, this.camera, layer);
    });
    if (this.scene.colour_bar) drawColourBar(g, this.scene.colour_bar, this.camera.size);
    if (!this.selection) return;
    drawRing(g, this.camera.project(this.selection.position));
    this.readout.show(this.selection, true);
  }

  clear(g) {
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.clearRect(0, 0, ...this.camera.size);
  }

  // The view.

  look(azimuth, elevation) {
    this.camera.look(azimuth, elevation);
    this.requestFrame();
  }

  resetView() {
    this.camera.reset();
    this.requestFrame();
  }

  // Shows or hides a layer. Returns whether it is hidden now.
  toggleLayer(k) {
    if (!this.hidden.delete(k)) this.hidden.add(k);
    this.requestFrame();
    return this.hidden.has(k);
  }

  showTrial(trial) {
    this.trial = trial;
    this.requestFrame();
  }

  // Shows one trial after another, then all. The first is the trial of the selected point.
  showNextTrial() {
    if (this.trials < 2) return;
    const isOnCurve = this.selection && this.selection.step !== null;
    if (this.trial < 0) this.showTrial(isOnCurve ? this.selection.trial : 0);
    else this.showTrial(this.trial + 1 < this.trials ? this.trial + 1 : -1);
  }

  // Playback.

  togglePlayback() {
    this.playback.toggle();
    this.requestFrame();
  }

  endPlayback() {
    if (this.playback.playing) this.togglePlayback();
    this.goTo(this.steps - 1);
  }

  changeSpeed(factor) {
    this.playback.changeSpeed(factor);
    this.requestFrame();
  }

  goTo(step) {
    this.playback.goTo(step);
    this.requestFrame();
  }

  // Selection.

  nearest(e) {
    const { left, top } = this.host.getBoundingClientRect();
    return findNearest(this, e.clientX - left, e.clientY - top);
  }

  hover(e) {
    if (!this.selection) this.readout.show(this.nearest(e), false);
  }

  leave() {
    if (!this.selection) this.readout.hide();
  }

  select(point) {
    this.selection = point;
    this.readout.show(point, true);
    this.requestFrame();
  }

  // Saves the canvases as one image.
  saveImage() {
    // The drawing buffer is cleared after presentation: draw again.
    this.renderer.draw(1);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.overlay.canvas.width, this.overlay.canvas.height];
    const g = canvas.getContext("2d");
    g.fillStyle = "#fff";
    g.fillRect(0, 0, canvas.width, canvas.height);
    for (const layer of this.canvases) g.drawImage(layer, 0, 0);
    const link = document.createElement("a");
    link.href = canvas.toDataURL("image/png");
    link.download = `${this.scene.title || "scene"}.png`;
    link.click();
  }
}
