import type { Loader } from "vega";

/** What a figure wanted from elsewhere. */
export type Wanted = "data" | "picture" | "link";

/** Gets nothing from anywhere: only pictures that lie in the figure itself are shown. */
export function closedLoader(refused: (what: Wanted, address: string) => void): Loader {
  const refuse = (what: Wanted, address: unknown) => {
    refused(what, String(address));
    return Promise.reject(new Error("nothing is loaded here"));
  };
  const loader: Pick<Loader, "load" | "sanitize"> = {
    load: (address) => refuse("data", address),
    sanitize: (address, { context }) => {
      if (context === "href") return refuse("link", address);
      if (context !== "image") return refuse("data", address);
      if (/^data:image\//i.test(address)) return Promise.resolve({ href: address });
      return refuse("picture", address);
    },
  };
  return loader as Loader;
}
