// The controls of a panel: title, legend, and playback with its slider and choice of a trial.

function createElement(kind, className, text) {
  const element = document.createElement(kind);
  element.className = className;
  if (text) element.textContent = text;
  return element;
}

// The marker of a layer as a small SVG.
function markerSvg({ marker, corners, strokes, colours }) {
  const path = (points) => points.map(([x, y]) => `${x} ${y}`).join("L");
  const isRound = marker === "dot" || marker === "ring";
  const shape = isRound ? `<circle r="1"/>`
    : `<path d="${corners.length ? `M${path(corners)}Z` : strokes.map((s) => `M${path(s)}`).join("")}"/>`;
  const isFilled = marker === "dot" || corners.length;
  const colour = cssColour(colours, 0);
  const paint = isFilled ? `fill="${colour}"` : `fill="none" stroke="${colour}" stroke-width="0.3"`;
  return `<svg viewBox="-1.5 -1.5 3 3" ${paint}>${shape}</svg>`;
}

// The legend; a click on an entry shows or hides its layer.
function createLegend(panel) {
  const legend = createElement("div", "legend");
  panel.scene.layers.forEach((layer, k) => {
    if (!layer.label) return;
    const row = createElement("label", "");
    const sample = createElement("i", layer.kind === "points" ? "point" : "line");
    if (layer.kind === "points") sample.innerHTML = markerSvg(layer);
    else sample.style.background = cssColour(layer.colours, 0);
    row.append(sample, layer.label);
    row.title = "show or hide";
    row.onclick = () => row.classList.toggle("off", panel.toggleLayer(k));
    legend.append(row);
  });
  return legend;
}

class PlaybackControls {
  constructor(panel) {
    this.playback = panel.playback;
    const last = panel.steps - 1;
    this.button = createElement("button", "play", "play");
    this.button.onclick = () => panel.togglePlayback();
    this.slider = Object.assign(document.createElement("input"),
      { type: "range", min: 0, max: last, step: 1, value: last });
    this.slider.oninput = () => panel.goTo(Number(this.slider.value));
    this.status = createElement("span", "status", "all steps");
    this.element = createElement("div", "playback");
    this.element.append(this.button, this.slider, this.status);
    if (panel.trials > 1) this.element.append(this.createTrialChoice(panel));
  }

  createTrialChoice(panel) {
    this.trialChoice = document.createElement("select");
    this.trialChoice.append(new Option("all trials", -1));
    for (let k = 0; k < panel.trials; k++) this.trialChoice.append(new Option(`trial ${k}`, k));
    this.trialChoice.onchange = () => panel.showTrial(Number(this.trialChoice.value));
    return this.trialChoice;
  }

  // Shows the current time step, the speed and the trial.
  update(trial) {
    const { showsAll, step, steps, speed, playing } = this.playback;
    this.button.textContent = playing ? "pause" : "play";
    this.slider.value = showsAll ? steps - 1 : Math.floor(step);
    const speedText = speed === 1 ? "" : `, speed x ${speed}`;
    this.status.textContent = showsAll ? "all steps" : `step ${Math.floor(step)}${speedText}`;
    if (this.trialChoice) this.trialChoice.value = trial;
  }
}
