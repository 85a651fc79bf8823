import { render } from "preact";
import { useEffect } from "preact/hooks";

import { pageUrl } from "../client";
import { Link } from "../Link";
import type { Tab } from "../router";

/** Says in the head of the page and in the window's title where one is. */
export function useWhere(name: string, tab: Tab): void {
  useEffect(() => {
    document.title = `${name}${tab === "overview" ? "" : ` · ${tab}`} · nbtrack`;
    const place = document.getElementById("nbt-where");
    if (!place) return;
    render(
      <>
        <Link href={pageUrl("")}>runs</Link>
        <span aria-hidden="true"> › </span>
        <span aria-current="page">{name}</span>
      </>,
      place,
    );
  }, [name, tab]);
  useEffect(
    () => () => {
      document.title = "nbtrack";
      const place = document.getElementById("nbt-where");
      if (place) render(null, place);
    },
    [],
  );
}
