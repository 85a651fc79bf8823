import { draw } from "./figure/draw";

// The document holds what was logged, and is for nothing else: see nbtrack/server/frames.py.
const given = document.getElementById("data")?.textContent ?? "";
const forced = new URLSearchParams(location.search).get("scheme");
const system = matchMedia("(prefers-color-scheme: dark)");

const show = () =>
  void draw(given, forced === "dark" || (forced !== "light" && system.matches));
if (!forced) system.addEventListener("change", show);
show();
