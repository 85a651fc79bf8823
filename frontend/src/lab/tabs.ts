import type { ILayoutRestorer, JupyterFrontEnd } from "@jupyterlab/application";
import type { LabIcon } from "@jupyterlab/ui-components";
import type { Widget } from "@lumino/widgets";

import { MOVED } from "../page/moved";
import type { Lab } from "./container";
import { labelOf, pageOf, placeOf } from "./places";

type Message = Parameters<Widget["processMessage"]>[0];

/** What a tab is made again from when JupyterLab is loaded again. */
export interface TabArgs {
  place: string;
  id: string;
}

/** A tab of JupyterLab with one of the pages in it. Made here, since its base is JupyterLab's. */
function tabClass(lab: Lab, root: string, icon: LabIcon) {
  const { IFrame } = lab.components;
  return class Tab extends lab.apputils.MainAreaWidget<InstanceType<typeof IFrame>> {
    private readonly frame: HTMLIFrameElement;

    constructor(
      public place: string,
      id: string | undefined,
      /** Called when the page in it shows something else. */
      private readonly moved: () => void,
      /** Called when somebody uses the page in it. */
      private readonly used: () => void,
    ) {
      super({ content: new IFrame({ referrerPolicy: "same-origin" }) });
      if (id) this.id = id;
      this.toolbar.hide();
      this.title.icon = icon;
      this.title.label = labelOf(place, "nbtrack");
      this.content.node.setAttribute("aria-label", "runs that nbtrack recorded");
      this.frame = this.content.node.querySelector("iframe")!;
      this.frame.title = "nbtrack";
      // The page is the server's own: it opens notebooks and downloads, and has a policy of its own.
      this.frame.removeAttribute("sandbox");
      this.frame.addEventListener("load", () => this.listen());
    }

    override processMessage(message: Message): void {
      // A frame that is put elsewhere in the page is loaded again.
      if (message.type === "before-attach") this.content.url = root + this.place;
      super.processMessage(message);
    }

    private listen(): void {
      const page = this.frame.contentWindow;
      if (!page) return;
      page.addEventListener(MOVED, () => this.look());
      // What happens in a frame does not come out of it.
      page.addEventListener("pointerdown", this.used, true);
      new MutationObserver(() => this.look()).observe(page.document.head, {
        childList: true,
        subtree: true,
        characterData: true,
      });
      this.look();
    }

    private look(): void {
      const page = this.frame.contentWindow;
      const place = page && placeOf(page.location.href, root);
      if (!page || place === null) return;
      this.title.label = labelOf(place, page.document.title);
      this.title.caption = page.document.title;
      if (place === this.place) return;
      this.place = place;
      this.moved();
    }
  };
}

/** The tabs that show runs, each page in one of them at most. */
export class Tabs {
  private readonly tracker;
  private readonly Tab;

  constructor(
    lab: Lab,
    private readonly app: JupyterFrontEnd,
    root: string,
    icon: LabIcon,
  ) {
    this.Tab = tabClass(lab, root, icon);
    this.tracker = new lab.apputils.WidgetTracker<InstanceType<typeof this.Tab>>({
      namespace: "nbtrack",
    });
  }

  /** Has JupyterLab open them again where they were. */
  restore(restorer: ILayoutRestorer, command: string): void {
    void restorer.restore(this.tracker, {
      command,
      args: ({ place, id }): TabArgs & Record<string, string> => ({ place, id }),
      name: ({ id }) => id,
    });
  }

  /** Brings the tab with this page to the front, or opens one; with an id, that tab again. */
  open({ place = "", id }: Partial<TabArgs>): Widget {
    const known = id ? undefined : this.tracker.find((tab) => pageOf(tab.place) === pageOf(place));
    const tab = known ?? this.make(place, id);
    if (!id) this.app.shell.activateById(tab.id);
    return tab;
  }

  private make(place: string, id: string | undefined) {
    const tab: InstanceType<typeof this.Tab> = new this.Tab(
      place,
      id,
      () => void this.tracker.save(tab),
      () => this.app.shell.activateById(tab.id),
    );
    void this.tracker.add(tab);
    this.app.shell.add(tab, "main", { activate: !id });
    return tab;
  }
}
