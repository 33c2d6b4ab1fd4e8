// Selection of a point with the pointer, and the text box with its values.

const MAX_DISTANCE = 14;   // largest distance between the pointer and a selectable point, in pixels

// The visible position nearest to a pixel of the panel: its layer, index, position, trial and time
// step; null if none is near.
function findNearest(panel, x, y) {
  let best = null, smallest = MAX_DISTANCE;
  panel.scene.layers.forEach((layer, k) => {
    if (panel.hidden.has(k) || layer.kind === "labels") return;
    const isPaths = layer.kind === "paths", at = layer.positions;
    let trial = 0;
    for (let i = 0; i < at.length / 3; i++) {
      while (isPaths && i >= layer.ends[trial]) trial++;
      const step = isPaths ? i - (trial ? layer.ends[trial - 1] : 0) : null;
      if (isPaths && panel.trial >= 0 && trial !== panel.trial) continue;
      if (isPaths && !panel.playback.showsAll && step > panel.playback.step) continue;
      const position = [at[3 * i], at[3 * i + 1], at[3 * i + 2]];
      const [px, py] = panel.camera.project(position);
      // Prefer a point over the curves that pass through it.
      const distance = Math.hypot(px - x, py - y) - (layer.kind === "points" ? 3 : 0);
      if (distance < smallest) {
        smallest = distance;
        best = { layer, i, position, trial, step };
      }
    }
  });
  return best;
}

// The value of an axis at a fraction of its side.
function axisValue({ low, high, log, reversed }, fraction) {
  const part = reversed ? 1 - fraction : fraction;
  const value = log ? low * (high / low) ** part : low + (high - low) * part;
  // Positions have single precision.
  return !log && Math.abs(value) < 1e-7 * Math.abs(high - low) ? 0 : value;
}

// The lines of text that describe a position.
function describe(scene, { layer, i, position, trial, step }) {
  const lines = layer.label ? [layer.label] : [];
  if (step !== null) lines.push(`trial ${trial}, step ${step}`);
  else lines.push(layer.kind === "points" ? `point ${i}` : `arrow ${i >> 1}`);
  scene.axes_box.axes.forEach((axis, k) => {
    lines.push(`${axis.label || "xyz"[k]}: ${formatNumber(axisValue(axis, position[k]))}`);
  });
  if (layer.values) {
    const label = (scene.colour_bar && scene.colour_bar.label) || "value";
    lines.push(`${label}: ${formatNumber(layer.values[i])}`);
  }
  return lines;
}

// The text box beside the selected position, or the position under the pointer.
class Readout {
  constructor(scene, camera) {
    this.scene = scene;
    this.camera = camera;
    this.element = createElement("div", "readout");
  }

  hide() { this.element.style.display = "none"; }

  show(point, isSelected) {
    if (!point) return this.hide();
    const { classList, style } = this.element;
    style.display = "block";
    classList.toggle("selected", isSelected);
    this.element.textContent = describe(this.scene, point).join("\n");
    const [x, y] = this.camera.project(point.position), [width, height] = this.camera.size;
    style.left = `${Math.min(x + 14, width - 150)}px`;
    style.top = `${Math.max(4, Math.min(y + 10, height - 110))}px`;
  }
}
