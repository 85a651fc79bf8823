import { render } from "preact";

import { Page } from "./page/Page";
import { setQuery } from "./page/router";
import { followTheme } from "./page/theme";

const root = document.getElementById("nbtrack");
if (root) {
  root.classList.add("nbtrack");
  // The way in, which is no part of a link that one passes on.
  setQuery({ token: null });
  followTheme();
  render(<Page />, root);
}
