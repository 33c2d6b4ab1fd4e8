"use strict";
// Drives a page as a user would, and writes what was wrong, or "all is well", into its body. It
// stands at the end of a page that `.ci/page` makes, and is done before the page counts as loaded.
{
  const wrong = [];
  addEventListener("error", (e) => wrong.push(`${e.message} (line ${e.lineno})`));
  const expect = (what, holds) => { if (!holds) wrong.push(`expected ${what}`); };
  const panel = panels[0];
  const canvas = panel && panel.over.canvas;
  const at = (kind, x, y, more) => canvas.dispatchEvent(
    new PointerEvent(kind, { clientX: x, clientY: y, pointerId: 1, bubbles: true, ...more }));
  const key = (name) => dispatchEvent(new KeyboardEvent("keydown", { key: name }));

  // How many pixels of the layers in space are inked, and the mean of their colours.
  const inked = () => {
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

  // Nothing moves any more, and everything is drawn.
  const still = () => { panel.until = 0; panel.draw(performance.now()); };

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
    expect("nothing to be marked by a drag", panel.kept === null);
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
    expect("x to the right and y upwards", panel.right[0] > 0.999 && panel.up[1] > 0.999);
    key("x");
    still();
    expect("X to show y and z", panel.right[1] > 0.999 && panel.up[2] > 0.999);
    key("r");
    expect("R to go back", panel.camera.zoom === 1 && panel.camera.azimuth === azimuth);

    still();
    const [px, py] = panel.project([...panel.stage.acts[1].at.subarray(0, 3)]);
    at("pointerdown", host.left + px, host.top + py);
    at("pointerup", host.left + px, host.top + py);
    expect("a click to mark the first point", panel.kept && panel.kept.i === 0 && panel.kept.act.kind === "points");
    expect(`its numbers to be read, found ${JSON.stringify(panel.read.textContent)}`, /^two\npoint 0\nx: -1\ny: 2\nz: 0$/.test(panel.read.textContent));
    key("Escape");
    expect("Escape to forget it", panel.kept === null);

    key(" ");
    panel.draw(panel.before + 80);
    panel.draw(panel.before + 80);
    expect(`space to play, found ${panel.playing} ${panel.now}`, panel.playing && panel.now > 0);
    const slow = panel.now;
    key("ArrowUp");
    panel.draw(panel.before + 80);
    expect("the upper arrow to play twice as fast", Math.abs(panel.now - slow - 2 * 0.08 * panel.steps / 6) < 0.02);
    key("ArrowDown");
    key("a");
    expect("A to end playing and show all", !panel.playing && panel.now === -1);
    panel.go(5);
    expect("fewer lines in the middle of time", inked().count < first.count);
    key("ArrowRight");
    expect("an arrow to step", panel.now === 6);
    key("t");
    expect("T to choose a trial", panel.trial === 0);
    const one = inked();
    key("t");
    expect("another trial to look otherwise", inked().sum !== one.sum);
    key("t");
    expect("all trials again after the last", panel.trial === -1);
    const other = panel.stage.acts[0].ends[0] + 3;
    const [ox, oy] = panel.project([...panel.stage.acts[0].at.subarray(3 * other, 3 * other + 3)]);
    at("pointerdown", host.left + ox, host.top + oy);
    at("pointerup", host.left + ox, host.top + oy);
    key("t");
    expect(`T to choose the trial clicked at, found ${panel.trial}`, panel.trial === 1);
    key("t");
    key("Escape");
    panel.go(1e9);

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
    expect("no complaint of WebGL", panel.gl.getError() === 0);
  };

  try { drive(); } catch (fault) { wrong.push(String(fault)); }
  document.body.dataset.told = wrong.length ? wrong.join("; ") : "all is well";
}
