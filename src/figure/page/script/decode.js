"use strict";
// Decoding of the data in the page, and text for colours and numbers.

const decodeBytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const decodeFloats = (text) => new Float32Array(decodeBytes(text).buffer);
const cssColour = (colours, i) => `rgb(${colours[3 * i]},${colours[3 * i + 1]},${colours[3 * i + 2]})`;
const formatNumber = (x) => Number.isFinite(x) ? String(Number(x.toPrecision(5))) : "none";

// Replaces the encoded arrays of a layer by typed arrays.
function decodeLayer(layer) {
  layer.positions = decodeFloats(layer.positions);
  layer.colours = decodeBytes(layer.colours);
  layer.values = layer.values ? decodeFloats(layer.values) : null;
  if (layer.kind === "points") layer.sizes = decodeFloats(layer.sizes);
}

const isFinitePosition = ({ positions }, i) =>
  Number.isFinite(positions[3 * i] + positions[3 * i + 1] + positions[3 * i + 2]);

// Red, green and blue of a position, 0 to 255.
function colourAt({ colours }, i) {
  const first = colours.length === 3 ? 0 : 3 * i;
  return [colours[first], colours[first + 1], colours[first + 2]];
}

// The index ranges of the lines of a layer: one per curve, or one per arrow.
function lineRanges(layer) {
  if (layer.kind === "paths") return layer.ends.map((end, k) => [k ? layer.ends[k - 1] : 0, end]);
  return Array.from({ length: layer.positions.length / 6 }, (_, k) => [2 * k, 2 * k + 2]);
}
