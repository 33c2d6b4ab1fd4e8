// Elements above the layers: text labels, the colour bar and a ring around the selected point.

const LABEL_FONT = "12px Arimo, Arial, Helvetica, sans-serif";

function drawTextLabels(g, camera, layer) {
  g.textAlign = "left";
  g.textBaseline = "alphabetic";
  layer.texts.forEach((text, i) => {
    const [x, y] = camera.project([...layer.positions.subarray(3 * i, 3 * i + 3)]);
    g.lineWidth = 3;
    g.strokeStyle = "#ffffffc0";
    g.strokeText(text, x + 6, y - 5);
    g.fillStyle = cssColour(layer.colours, 0);
    g.fillText(text, x + 6, y - 5);
  });
}

// Draws the colour bar at the right edge of a panel of this size.
function drawColourBar(g, { label, ticks, colours }, [panelWidth, panelHeight]) {
  const [left, width, height] = [panelWidth - 78, 12, Math.min(260, panelHeight - 120)];
  const top = (panelHeight - height) / 2;
  colours.forEach((colour, k) => {
    g.fillStyle = colour;
    const y = top + height * (1 - (k + 1) / colours.length);
    g.fillRect(left, y, width, height / colours.length + 1);
  });
  g.fillStyle = g.strokeStyle = INK;
  g.textAlign = "left";
  g.textBaseline = "middle";
  for (const [at, text] of ticks) g.fillText(text, left + width + 6, top + height * (1 - at));
  g.save();
  g.translate(left + width + 52, top + height / 2);
  g.rotate(-Math.PI / 2);
  g.textAlign = "center";
  g.fillText(label, 0, 0);
  g.restore();
}

function drawRing(g, [x, y]) {
  g.strokeStyle = "#000";
  g.lineWidth = 1.5;
  g.beginPath();
  g.arc(x, y, 8, 0, 7);
  g.stroke();
}
