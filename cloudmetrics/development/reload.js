// Reloads the page when the contract that it shows has changed, and tells what keeps a new one from being served.
const shown = document.currentScript.dataset.edition;
let stream;

function tell(findings) {
  const box = document.getElementById("development-findings") ?? document.createElement("aside");
  box.id = "development-findings";
  box.setAttribute("role", "alert");
  box.textContent = findings.join("\n");
  Object.assign(box.style, {
    position: "fixed", inset: "auto 0 0 0", zIndex: 9999, maxHeight: "40vh", overflow: "auto", padding: "1rem",
    whiteSpace: "pre-wrap", font: "14px/1.5 monospace", color: "#fff", background: "#8c1d18",
  });
  if (findings.length) document.body.append(box);
  else box.remove();
}

function listen() {
  stream = new EventSource("/dev/changes");
  stream.onmessage = ({ data }) => {
    const { edition, findings } = JSON.parse(data);
    if (edition !== shown) location.reload();
    else tell(findings);
  };
}

// A browser allows a server few streams at once, so a tab that nobody sees gives up its own.
document.addEventListener("visibilitychange", () => (document.hidden ? stream.close() : listen()));
listen();
