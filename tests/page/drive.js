"use strict";
// Drives a page as a user would, and writes what was wrong, or "all is well", into its body. It
// stands at the end of a page that `.ci/page` makes, and is done before the page counts as loaded.
{
  const wrong = [];
  addEventListener("error", (e) => wrong.push(`${e.message} (line ${e.lineno})`));
  const expect = (what, holds) => { if (!holds) wrong.push(`expected ${what}`); };
  const panel = panels[0];
  const canvas = panel && panel.overlay.canvas;
  const at = (kind, x, y, more) => canvas.dispatchEvent(
    new PointerEvent(kind, { clientX: x, clientY: y, pointerId: 1, bubbles: true, ...more }));
  const key = (name) => dispatchEvent(new KeyboardEvent("keydown", { key: name }));

  // How many pixels of the layers in space are inked, and the mean of their colours.
  const inked = () => {
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

  // Nothing moves any more, and everything is drawn.
  const still = () => { panel.motionEnd = 0; panel.draw(performance.now()); };

  const drive = () => {
    expect("a panel that can be drawn", panel);
    if (!panel) return;
    // Only pointers that a hand moves can be captured.
    canvas.setPointerCapture = () => {};
    still();
    const host = panel.host.getBoundingClientRect();
    const [x, y] = [host.left + host.width / 2, host.top + host.height / 2];
    const first = inked();
    expect("a picture with ink", first.count > 1000);

    const { azimuth, elevation, zoom } = panel.camera;
    at("pointerdown", x, y);
    at("pointermove", x + 50, y + 10);
    at("pointermove", x + 100, y + 20);
    at("pointerup", x + 100, y + 20);
    expect("a drag to turn", Math.abs(panel.camera.azimuth - azimuth + 40) < 1e-6
      && Math.abs(panel.camera.elevation - elevation - 8) < 1e-6);
    expect("nothing to be marked by a drag", panel.selection === null);
    still();
    const turned = inked();
    expect("another picture after a turn", turned.sum !== first.sum);

    canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: -200, cancelable: true }));
    expect("the wheel to zoom", panel.camera.zoom > zoom);
    at("pointerdown", x, y, { shiftKey: true });
    at("pointermove", x + 30, y, { shiftKey: true });
    at("pointerup", x + 30, y, { shiftKey: true });
    expect("shift and a drag to move", panel.camera.pan[0] === 30);
    key("z");
    expect("Z to look from above", panel.camera.elevation > 89);
    still();
    expect("x to the right and y upwards", panel.camera.right[0] > 0.999 && panel.camera.up[1] > 0.999);
    key("x");
    still();
    expect("X to show y and z", panel.camera.right[1] > 0.999 && panel.camera.up[2] > 0.999);
    key("r");
    expect("R to go back", panel.camera.zoom === 1 && panel.camera.azimuth === azimuth);

    still();
    const [px, py] = panel.camera.project([...panel.scene.layers[1].positions.subarray(0, 3)]);
    at("pointerdown", host.left + px, host.top + py);
    at("pointerup", host.left + px, host.top + py);
    expect("a click to mark the first point", panel.selection && panel.selection.i === 0 && panel.selection.layer.kind === "points");
    expect(`its numbers to be read, found ${JSON.stringify(panel.readout.element.textContent)}`, /^two\npoint 0\nx: -1\ny: 2\nz: 0$/.test(panel.readout.element.textContent));
    key("Escape");
    expect("Escape to forget it", panel.selection === null);

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
    expect("fewer lines in the middle of time", inked().count < first.count);
    key("ArrowRight");
    expect("an arrow to step", panel.playback.step === 6);
    key("t");
    expect("T to choose a trial", panel.trial === 0);
    const one = inked();
    key("t");
    expect("another trial to look otherwise", inked().sum !== one.sum);
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
    expect("a click in the legend to hide a layer", panel.hidden.has(0) && inked().count < first.count);
    row.click();
    still();
    panel.stride = 4;
    const coarse = inked().count;
    expect("coarse lines about where fine ones are", coarse > 0.5 * first.count && coarse < 1.5 * first.count);
    panel.stride = 1;
    expect("the same picture at the end as at the start", inked().sum === first.sum);
    expect("no complaint of WebGL", panel.renderer.gl.getError() === 0);
  };

  try { drive(); } catch (fault) { wrong.push(String(fault)); }
  document.body.dataset.told = wrong.length ? wrong.join("; ") : "all is well";
}
