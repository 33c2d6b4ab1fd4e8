// The box around a scene: far faces with their grid, and the labelled edges. The page contains its
// geometry for every view; only the projection is computed here.

const TICK_FONT = "11px Arimo, Arial, Helvetica, sans-serif";
const AXIS_LABEL_FONT = "13px Arimo, Arial, Helvetica, sans-serif";
const TICK_LENGTH = 4;
const TICK_GAP = 3;      // between a tick and its label
const LABEL_GAP = 20;    // between an edge and its axis label, in addition to the tick labels
const INK = "#222";

class AxesBox {
  constructor(box) { Object.assign(this, box); }

  draw(g, camera) {
    // The view depends on which end of each side is nearer to the eye.
    const view = this.views[camera.eye.reduce((sum, x, k) => sum + (x >= -this.rounding ? 1 << k : 0), 0)];
    const faces = view.faces.map((i) => this.faces[i]);
    g.lineWidth = 1;
    g.strokeStyle = this.grid_colour;
    g.fillStyle = this.face_colour;
    for (const { corners } of faces) {
      this.trace(g, camera, [...corners, corners[0]]);
      g.fill();
      g.stroke();
    }
    // The grid lines at the ticks of each axis, on the two faces parallel to it.
    for (const k of [0, 1, 2]) {
      const [lines, others] = [faces[(k + 1) % 3].grid[1], faces[(k + 2) % 3].grid[0]];
      for (const line of lines.flatMap((line, i) => [line, others[i]])) {
        this.trace(g, camera, line);
        g.stroke();
      }
    }
    g.strokeStyle = g.fillStyle = INK;
    view.edges.forEach((candidates, k) => this.drawEdge(g, camera, k, this.leftmost(candidates, camera)));
  }

  // Makes a polyline the current path.
  trace(g, camera, line) {
    g.beginPath();
    const [first, ...rest] = line.map((position) => camera.project(position));
    g.moveTo(...first);
    for (const position of rest) g.lineTo(...position);
  }

  leftmost(candidates, camera) {
    const left = (edge) => camera.project(edge.ends[0])[0];
    return candidates.map((i) => this.edges[i]).reduce((a, b) => left(b) < left(a) ? b : a);
  }

  // Draws axis `k` with its ticks and labels, unless the edge is too short or points towards the eye.
  drawEdge(g, camera, k, edge) {
    const [from, to] = edge.ends.map((position) => camera.project(position));
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (length < this.min_edge || Math.abs(camera.eye[k]) > this.max_cosine) return;
    const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
    const centre = camera.project([0.5, 0.5, 0.5]);
    let outward = [(from[1] - to[1]) / length, (to[0] - from[0]) / length];
    const away = outward[0] * (middle[0] - centre[0]) + outward[1] * (middle[1] - centre[1]);
    if (away < 0) outward = outward.map((x) => -x);
    g.beginPath();
    g.moveTo(...from);
    g.lineTo(...to);
    const width = this.drawTicks(g, camera, this.axes[k].tick_labels, edge.ticks, outward);
    g.stroke();
    const distance = LABEL_GAP + width;
    const position = [middle[0] + distance * outward[0], middle[1] + distance * outward[1]];
    this.drawAxisLabel(g, this.axes[k].label, position, Math.atan2(to[1] - from[1], to[0] - from[0]));
  }

  // Adds ticks to the current path and draws their labels. Returns the extent of the widest label.
  drawTicks(g, camera, labels, ticks, outward) {
    g.font = TICK_FONT;
    g.textAlign = "center";
    g.textBaseline = "middle";
    let widest = 0;
    ticks.forEach((tick, i) => {
      const [x, y] = camera.project(tick);
      g.moveTo(x, y);
      g.lineTo(x + TICK_LENGTH * outward[0], y + TICK_LENGTH * outward[1]);
      const half = Math.abs(outward[0]) * g.measureText(labels[i]).width / 2 + Math.abs(outward[1]) * 5;
      widest = Math.max(widest, 2 * half);
      const distance = TICK_LENGTH + TICK_GAP + half;
      g.fillText(labels[i], x + distance * outward[0], y + distance * outward[1]);
    });
    return widest;
  }

  drawAxisLabel(g, label, position, angle) {
    if (!label) return;
    // Keep the text upright.
    if (angle > Math.PI / 2 - 0.01) angle -= Math.PI;
    if (angle < -Math.PI / 2 - 0.01) angle += Math.PI;
    g.save();
    g.translate(...position);
    g.rotate(angle);
    g.font = AXIS_LABEL_FONT;
    g.fillText(label, 0, 0);
    g.restore();
  }
}
