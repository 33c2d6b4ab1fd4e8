"use strict";
// Tests a page by simulated user input and writes the failures, or "all is well", into the attribute
// `data-result` of its body. `.ci/page` appends this script to a page; it ends before the load event.
{
  const failures = [];
  addEventListener("error", (e) => failures.push(`${e.message} (line ${e.lineno})`));
  const expect = (behaviour, holds) => { if (!holds) failures.push(`expected ${behaviour}`); };
  const panel = panels[0];
  const canvas = panel && panel.overlay.canvas;
  const at = (kind, x, y, more) => canvas.dispatchEvent(
    new PointerEvent(kind, { clientX: x, clientY: y, pointerId: 1, bubbles: true, ...more }));
  const key = (name) => dispatchEvent(new KeyboardEvent("keydown", { key: name }));

  // Number of coloured pixels of the three-dimensional layers, and a weighted sum of their colours.
  const measureInk = () => {
    const { gl, canvas: { width: w, height: h } } = panel.renderer;
    panel.renderer.draw(panel.stride);
    const all = new Uint8Array(4 * w * h);
    gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, all);
    let count = 0, sum = 0;
    for (let i = 0; i < all.length; i += 4) {
      if (all[i + 3] > 0) { count++; sum += all[i] + 2 * all[i + 1] + 3 * all[i + 2]; }
    }
    return { count, sum };
  };

  // Stops all motion and draws everything.
  const settle = () => { panel.motionEnd = 0; panel.draw(performance.now()); };

  const runTests = () => {
    expect("a panel that can be drawn", panel);
    if (!panel) return;
    // Simulated pointers cannot be captured.
    canvas.setPointerCapture = () => {};
    settle();
    const host = panel.host.getBoundingClientRect();
    const [x, y] = [host.left + host.width / 2, host.top + host.height / 2];
    const first = measureInk();
    expect("a picture that is not empty", first.count > 1000);

    const { azimuth, elevation, zoom } = panel.camera;
    at("pointerdown", x, y);
    at("pointermove", x + 50, y + 10);
    at("pointermove", x + 100, y + 20);
    at("pointerup", x + 100, y + 20);
    expect("a drag to turn", Math.abs(panel.camera.azimuth - azimuth + 40) < 1e-6
      && Math.abs(panel.camera.elevation - elevation - 8) < 1e-6);
    expect("no selection after a drag", panel.selection === null);
    settle();
    const turned = measureInk();
    expect("another picture after a turn", turned.sum !== first.sum);

    canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: -200, cancelable: true }));
    expect("the wheel to zoom", panel.camera.zoom > zoom);
    at("pointerdown", x, y, { shiftKey: true });
    at("pointermove", x + 30, y, { shiftKey: true });
    at("pointerup", x + 30, y, { shiftKey: true });
    expect("shift and a drag to move", panel.camera.pan[0] === 30);
    key("z");
    expect("Z to look from above", panel.camera.elevation > 89);
    settle();
    expect("x to the right and y upwards", panel.camera.right[0] > 0.999 && panel.camera.up[1] > 0.999);
    key("x");
    settle();
    expect("X to show y and z", panel.camera.right[1] > 0.999 && panel.camera.up[2] > 0.999);
    key("r");
    expect("R to reset the camera", panel.camera.zoom === 1 && panel.camera.azimuth === azimuth);

    settle();
    const [px, py] = panel.camera.project([...panel.scene.layers[1].positions.subarray(0, 3)]);
    at("pointerdown", host.left + px, host.top + py);
    at("pointerup", host.left + px, host.top + py);
    expect("a click to select the first point", panel.selection && panel.selection.i === 0 && panel.selection.layer.kind === "points");
    expect(`its numbers to be read, found ${JSON.stringify(panel.readout.element.textContent)}`, /^two\npoint 0\nx: -1\ny: 2\nz: 0$/.test(panel.readout.element.textContent));
    key("Escape");
    expect("Escape to clear the selection", panel.selection === null);

    key(" ");
    panel.draw(panel.playback.lastFrame + 80);
    panel.draw(panel.playback.lastFrame + 80);
    expect(`space to play, found ${panel.playback.playing} ${panel.playback.step}`, panel.playback.playing && panel.playback.step > 0);
    const slow = panel.playback.step;
    key("ArrowUp");
    panel.draw(panel.playback.lastFrame + 80);
    expect("the upper arrow to play twice as fast", Math.abs(panel.playback.step - slow - 2 * 0.08 * panel.steps / 6) < 0.02);
    key("ArrowDown");
    key("a");
    expect("A to end playing and show all", !panel.playback.playing && panel.playback.step === -1);
    panel.goTo(5);
    expect("fewer lines in the middle of time", measureInk().count < first.count);
    key("ArrowRight");
    expect("an arrow to step", panel.playback.step === 6);
    key("t");
    expect("T to choose a trial", panel.trial === 0);
    const one = measureInk();
    key("t");
    expect("a different picture for another trial", measureInk().sum !== one.sum);
    key("t");
    expect("all trials again after the last", panel.trial === -1);
    const other = panel.scene.layers[0].ends[0] + 3;
    const [ox, oy] = panel.camera.project([...panel.scene.layers[0].positions.subarray(3 * other, 3 * other + 3)]);
    at("pointerdown", host.left + ox, host.top + oy);
    at("pointerup", host.left + ox, host.top + oy);
    key("t");
    expect(`T to choose the trial clicked at, found ${panel.trial}`, panel.trial === 1);
    key("t");
    key("Escape");
    panel.goTo(1e9);

    const row = panel.host.querySelector(".legend label");
    row.click();
    expect("a click in the legend to hide a layer", panel.hidden.has(0) && measureInk().count < first.count);
    row.click();
    settle();
    panel.stride = 4;
    const coarse = measureInk().count;
    expect("coarse lines about where fine ones are", coarse > 0.5 * first.count && coarse < 1.5 * first.count);
    panel.stride = 1;
    expect("the same picture at the end as at the start", measureInk().sum === first.sum);
    expect("no WebGL error", panel.renderer.gl.getError() === 0);
  };

  try { runTests(); } catch (error) { failures.push(String(error)); }
  document.body.dataset.result = failures.length ? failures.join("; ") : "all is well";
}
