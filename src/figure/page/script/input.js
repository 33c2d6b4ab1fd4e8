// Mouse, touch and keyboard input of a panel.

const CLICK_DISTANCE = 4;     // a press with less movement is a click, in pixels
const ZOOM_SPEED = 0.0012;    // of the wheel

class PointerInput {
  // Listens to the topmost canvas of a panel.
  constructor(panel, canvas) {
    this.panel = panel;
    this.canvas = canvas;
    this.press = null;          // position, movement and kind of the current press
    this.touches = new Map();   // position of each pressed pointer
    const listen = (name, listener, options) => canvas.addEventListener(name, listener, options);
    listen("pointerdown", (e) => this.down(e));
    listen("pointermove", (e) => this.press ? this.drag(e) : panel.hover(e));
    listen("pointerup", (e) => this.release(e));
    listen("pointercancel", (e) => this.release(e));
    listen("pointerleave", () => panel.leave());
    listen("contextmenu", (e) => e.preventDefault());
    listen("wheel", (e) => this.wheel(e), { passive: false });
  }

  down(e) {
    this.canvas.setPointerCapture(e.pointerId);
    const position = [e.clientX, e.clientY];
    this.touches.set(e.pointerId, position);
    this.press = { position, distance: 0, pans: e.shiftKey || e.button !== 0 };
    activePanel = this.panel;
  }

  drag(e) {
    const { panel: { camera }, press, touches } = this;
    const before = touches.get(e.pointerId) || press.position;
    const position = [e.clientX, e.clientY];
    const [dx, dy] = [position[0] - before[0], position[1] - before[1]];
    if (touches.size === 2) {
      // Two fingers: zoom by their distance, and pan by the mean of their movements.
      const other = [...touches].find(([id]) => id !== e.pointerId)[1];
      const distance = ([x, y]) => Math.hypot(x - other[0], y - other[1]);
      camera.zoom *= (distance(position) + 1) / (distance(before) + 1);
      camera.move(dx / 2, dy / 2);
    } else if (press.pans) {
      camera.move(dx, dy);
    } else {
      camera.rotate(dx, dy);
    }
    press.distance += Math.hypot(dx, dy);
    touches.set(e.pointerId, position);
    this.panel.startMotion();
  }

  release(e) {
    this.touches.delete(e.pointerId);
    const isClick = this.press && this.press.distance < CLICK_DISTANCE && e.type === "pointerup";
    if (isClick) this.panel.select(this.panel.nearest(e));
    this.press = null;
  }

  wheel(e) {
    e.preventDefault();
    this.panel.camera.zoom *= Math.exp(-ZOOM_SPEED * e.deltaY);
    this.panel.startMotion();
  }
}

// The action of each key.
const KEY_ACTIONS = {
  " ": (panel) => panel.steps > 1 && panel.togglePlayback(),
  ArrowRight: (panel) => panel.steps > 1 && panel.goTo(panel.playback.shownStep + 1),
  ArrowLeft: (panel) => panel.steps > 1 && panel.goTo(panel.playback.shownStep - 1),
  ArrowUp: (panel) => panel.changeSpeed(2),
  ArrowDown: (panel) => panel.changeSpeed(0.5),
  a: (panel) => panel.endPlayback(),
  t: (panel) => panel.showNextTrial(),
  x: (panel) => panel.look(0, 0),
  y: (panel) => panel.look(-90, 0),
  z: (panel) => panel.look(-90, MAX_ELEVATION),
  s: (panel) => panel.saveImage(),
  r: (panel) => panel.resetView(),
  Escape: (panel) => panel.select(null),
};

function handleKey(panel, e) {
  const name = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  const action = Object.hasOwn(KEY_ACTIONS, name) ? KEY_ACTIONS[name] : null;
  if (!action || e.ctrlKey || e.metaKey) return;
  e.preventDefault();
  action(panel);
}
