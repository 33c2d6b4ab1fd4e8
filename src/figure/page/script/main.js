// Creates the panels of the figure in the page.

const figure = JSON.parse(document.getElementById("figure").textContent);
const panels = [];
let activePanel = null;   // the panel that receives the keys

function createPanel(panel, host) {
  host.className = panel.svg ? "flat" : "panel";
  if (panel.svg) {
    host.innerHTML = panel.svg;
    return;
  }
  try {
    panels.push(new Panel(panel, host));
  } catch (error) {
    host.innerHTML = "";
    host.className = "error";
    host.textContent = `The panel cannot be drawn: ${error}`;
  }
}

const main = document.getElementById("panels");
main.style.gridTemplateColumns = `repeat(${figure.columns}, minmax(0, 1fr))`;
main.style.gridAutoRows = "minmax(0, 1fr)";
for (const panel of figure.panels) {
  const host = document.createElement("div");
  main.append(host);
  if (panel) createPanel(panel, host);
}
activePanel = panels[0] || null;
addEventListener("keydown", (e) => {
  if (activePanel && !(e.target instanceof HTMLSelectElement)) handleKey(activePanel, e);
});
