"use strict";
// Tests a page by simulated user input and writes the failures, or "all is well", into the attribute
// `data-result` of its body. `.ci/page` appends this script to a page; it ends before the load event.
{
  const failures = [];
  addEventListener("error", (e) => failures.push(`${e.message} (line ${e.lineno})`));
  const expect = (behaviour, holds) => { if (!holds) failures.push(`expected ${behaviour}`); };
  const panel = panels[0];
  const canvas = panel && panel.over.canvas;
  const at = (kind, x, y, more) => canvas.dispatchEvent(
    new PointerEvent(kind, { clientX: x, clientY: y, pointerId: 1, bubbles: true, ...more }));
  const key = (name) => dispatchEvent(new KeyboardEvent("keydown", { key: name }));

  // Number of coloured pixels of the three-dimensional layers, and a weighted sum of their colours.
  const measureInk = () => {
    const gl = panel.gl, [w, h] = [panel.solid.width, panel.solid.height];
    panel.shapes();
    const all = new Uint8Array(4 * w * h);
    gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, all);
    let count = 0, sum = 0;
    for (let i = 0; i < all.length; i += 4) {
      if (all[i + 3] > 0) { count++; sum += all[i] + 2 * all[i + 1] + 3 * all[i + 2]; }
    }
    return { count, sum };
  };

  // Stops all motion and draws everything.
  const settle = () => { panel.until = 0; panel.draw(performance.now()); };

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
    expect("no selection after a drag", panel.kept === null);
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
    expect("x to the right and y upwards", panel.right[0] > 0.999 && panel.up[1] > 0.999);
    key("x");
    settle();
    expect("X to show y and z", panel.right[1] > 0.999 && panel.up[2] > 0.999);
    key("r");
    expect("R to reset the camera", panel.camera.zoom === 1 && panel.camera.azimuth === azimuth);

    settle();
    const [px, py] = panel.project([...panel.stage.acts[1].at.subarray(0, 3)]);
    at("pointerdown", host.left + px, host.top + py);
    at("pointerup", host.left + px, host.top + py);
    expect("a click to select the first point", panel.kept && panel.kept.i === 0 && panel.kept.act.kind === "points");
    expect(`the coordinates of the point in the readout, found ${JSON.stringify(panel.read.textContent)}`, /^two\npoint 0\nx: -1\ny: 2\nz: 0$/.test(panel.read.textContent));
    key("Escape");
    expect("Escape to clear the selection", panel.kept === null);

    key(" ");
    panel.draw(panel.before + 80);
    panel.draw(panel.before + 80);
    expect(`space to play, found ${panel.playing} ${panel.now}`, panel.playing && panel.now > 0);
    const slow = panel.now;
    key("ArrowUp");
    panel.draw(panel.before + 80);
    expect("the up arrow to double the speed", Math.abs(panel.now - slow - 2 * 0.08 * panel.steps / 6) < 0.02);
    key("ArrowDown");
    key("a");
    expect("A to stop the animation and show all steps", !panel.playing && panel.now === -1);
    panel.go(5);
    expect("fewer pixels in the middle of the animation", measureInk().count < first.count);
    key("ArrowRight");
    expect("the right arrow to advance by one step", panel.now === 6);
    key("t");
    expect("T to select a trial", panel.trial === 0);
    const one = measureInk();
    key("t");
    expect("a different picture for another trial", measureInk().sum !== one.sum);
    key("t");
    expect("T after the last trial to show all trials", panel.trial === -1);
    const other = panel.stage.acts[0].ends[0] + 3;
    const [ox, oy] = panel.project([...panel.stage.acts[0].at.subarray(3 * other, 3 * other + 3)]);
    at("pointerdown", host.left + ox, host.top + oy);
    at("pointerup", host.left + ox, host.top + oy);
    key("t");
    expect(`T to select the trial of the selected point, found ${panel.trial}`, panel.trial === 1);
    key("t");
    key("Escape");
    panel.go(1e9);

    const row = panel.host.querySelector(".legend label");
    row.click();
    expect("a click in the legend to hide a layer", panel.hidden.has(0) && measureInk().count < first.count);
    row.click();
    settle();
    panel.stride = 4;
    const coarse = measureInk().count;
    expect("a similar number of pixels for coarse lines", coarse > 0.5 * first.count && coarse < 1.5 * first.count);
    panel.stride = 1;
    expect("the same picture at the end as at the start", measureInk().sum === first.sum);
    expect("no WebGL error", panel.gl.getError() === 0);
  };

  try { runTests(); } catch (error) { failures.push(String(error)); }
  document.body.dataset.result = failures.length ? failures.join("; ") : "all is well";
}
