/** One version of a package that somebody in the page offers to all. */
interface Offer {
  get(): Promise<() => unknown> | (() => unknown);
  loaded?: boolean | number;
}

/** What the page's bundler calls a share scope: packages by their names, and by their versions. */
export type Scope = Record<string, Record<string, Offer>>;

/** JupyterLab's packages as far as they are used here: the page's own, never copies. */
export interface Lab {
  application: typeof import("@jupyterlab/application");
  apputils: typeof import("@jupyterlab/apputils");
  launcher: typeof import("@jupyterlab/launcher");
  services: typeof import("@jupyterlab/services");
  statusbar: typeof import("@jupyterlab/statusbar");
  components: typeof import("@jupyterlab/ui-components");
  widgets: typeof import("@lumino/widgets");
}

const PACKAGES: Record<keyof Lab, string> = {
  application: "@jupyterlab/application",
  apputils: "@jupyterlab/apputils",
  launcher: "@jupyterlab/launcher",
  services: "@jupyterlab/services",
  statusbar: "@jupyterlab/statusbar",
  components: "@jupyterlab/ui-components",
  widgets: "@lumino/widgets",
};

/**
 * What JupyterLab asks for an extension: how `webpack` and `rspack` call a federated module. Of the
 * packages that all share there may be one in the page, so the extension holds none of them.
 */
export function container(make: (lab: Lab) => unknown[]) {
  let scope: Scope = {};
  return {
    init(shared: Scope): void {
      scope = shared;
    },
    async get(module: string): Promise<() => unknown> {
      if (module !== "./extension") throw new Error(`nbtrack has no module ${module}`);
      const names = Object.keys(PACKAGES) as (keyof Lab)[];
      const found = await Promise.all(names.map((name) => share(scope, PACKAGES[name])));
      const lab = Object.fromEntries(names.map((name, at) => [name, found[at]])) as unknown as Lab;
      return () => ({ __esModule: true, default: make(lab) });
    },
  };
}

/** The package that everybody in the page uses: the one that is loaded, else the newest. */
async function share(scope: Scope, name: string): Promise<unknown> {
  const versions = Object.entries(scope[name] ?? {});
  versions.sort(([a], [b]) => b.localeCompare(a, "en", { numeric: true }));
  const chosen = versions.find(([, offer]) => offer.loaded) ?? versions[0];
  if (!chosen) throw new Error(`nbtrack needs ${name}, which this page does not share`);
  return (await chosen[1].get())();
}
