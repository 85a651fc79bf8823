import { render } from "preact";

import { Page } from "./page/Page";
import { followTheme } from "./page/theme";

const root = document.getElementById("nbtrack");
if (root) {
  root.classList.add("nbtrack");
  followTheme();
  render(<Page />, root);
}
