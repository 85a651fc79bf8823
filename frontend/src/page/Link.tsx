import type { ComponentChildren, JSX } from "preact";

import { go } from "./router";

type Props = JSX.IntrinsicElements["a"] & { href: string; children: ComponentChildren };

/** A way to another page of ours, without loading everything again. */
export function Link({ href, children, ...rest }: Props) {
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        // New tabs and windows are the browser's.
        if (event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(href);
      }}
    >
      {children}
    </a>
  );
}
