import type {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import type { ICommandPalette } from "@jupyterlab/apputils";
import type { ILauncher } from "@jupyterlab/launcher";
import type { IStatusBar } from "@jupyterlab/statusbar";
import { effect } from "@preact/signals";
import { h, render } from "preact";

import type { Kernel, KernelRun } from "../page/api";
import colours from "../style/colours.css";
import icon from "../style/favicon.svg";
import style from "../style/lab.css";
import type { Lab } from "./container";
import { runPlace } from "./places";
import { followSession, kernelOf, sessionOf } from "./sessions";
import { StatusItem } from "./StatusItem";
import { Tabs, type TabArgs } from "./tabs";
import { RunWatch } from "./watch";

const OPEN = "nbtrack:open";
const OPEN_RUN = "nbtrack:open-run";

/** What is added to JupyterLab. Notebook 7 has neither launcher nor status bar nor tabs. */
export function plugins(lab: Lab): JupyterFrontEndPlugin<void>[] {
  return [pages(lab), status(lab)];
}

/** The pages in tabs; where there are no tabs, in the browser's own. */
function pages(lab: Lab): JupyterFrontEndPlugin<void> {
  return {
    id: "nbtrack:pages",
    description: "Opens the runs that nbtrack recorded.",
    autoStart: true,
    optional: [
      lab.application.ILabShell,
      lab.application.ILayoutRestorer,
      lab.apputils.ICommandPalette,
      lab.launcher.ILauncher,
    ],
    activate: (
      app: JupyterFrontEnd,
      shell: ILabShell | null,
      restorer: ILayoutRestorer | null,
      palette: ICommandPalette | null,
      launcher: ILauncher | null,
    ) => {
      const root = `${app.serviceManager.serverSettings.baseUrl}nbtrack`;
      const logo = new lab.components.LabIcon({ name: "nbtrack:logo", svgstr: icon });
      const tabs = shell && new Tabs(lab, app, root, logo);
      const open = (args: Partial<TabArgs>) =>
        // The launcher gives way to what a command of it has opened.
        tabs ? tabs.open(args) : void window.open(root + (args.place ?? ""));
      app.commands.addCommand(OPEN, {
        label: ({ isLauncher }) => (isLauncher ? "nbtrack" : "nbtrack: Open runs"),
        caption: "All runs that nbtrack recorded, in a table",
        icon: ({ isPalette }) => (isPalette ? undefined : logo),
        execute: (args) => open(args as Partial<TabArgs>),
      });
      app.commands.addCommand(OPEN_RUN, {
        label: "nbtrack: Open this notebook's run",
        caption: "The page of the run that this notebook's kernel records",
        isEnabled: () => kernelOf(sessionOf(app.shell.currentWidget)) !== null,
        execute: async () => {
          const kernel = kernelOf(sessionOf(app.shell.currentWidget));
          try {
            const run = kernel && (await runOf(lab, app, kernel));
            if (run) open({ place: runPlace(run) });
            else await tellOfNone(lab);
          } catch (error) {
            await lab.apputils.showErrorMessage("The run cannot be found", error as Error);
          }
        },
      });
      for (const command of [OPEN, OPEN_RUN]) {
        palette?.addItem({ command, category: "nbtrack", args: { isPalette: true } });
      }
      launcher?.add({ command: OPEN, category: "Other", rank: 10, args: { isLauncher: true } });
      if (tabs && restorer) tabs.restore(restorer, OPEN);
    },
  };
}

/** The state of the run of the notebook in front. */
function status(lab: Lab): JupyterFrontEndPlugin<void> {
  return {
    id: "nbtrack:status",
    description: "Shows in the status bar how the run of a notebook goes.",
    autoStart: true,
    optional: [lab.statusbar.IStatusBar],
    activate: (app: JupyterFrontEnd, bar: IStatusBar | null) => {
      if (!bar) return;
      document.head.append(Object.assign(document.createElement("style"), { textContent: colours + style }));
      const watch = new RunWatch((kernel) => runOf(lab, app, kernel));
      const open = (run: KernelRun) => void app.commands.execute(OPEN, { place: runPlace(run) });
      const item = new lab.widgets.Widget();
      item.addClass("nbtrack-status");
      render(h(StatusItem, { watch, open }), item.node);
      effect(() => item.setHidden(watch.run.value === null));
      bar.registerStatusItem("nbtrack:status", {
        item,
        align: "left",
        rank: 20,
        priority: 1,
        isActive: () => watch.run.peek() !== null,
      });
      followSession(
        app.shell,
        (kernel) => watch.follow(kernel),
        () => watch.hint(),
      );
      document.addEventListener("visibilitychange", () => watch.wake());
    },
  };
}

/** The run that a kernel records or recorded last. Throws where the server does not say. */
async function runOf(lab: Lab, app: JupyterFrontEnd, kernel: string): Promise<KernelRun | null> {
  const settings = app.serviceManager.serverSettings;
  const address = `${settings.baseUrl}nbtrack/api/kernels/${encodeURIComponent(kernel)}`;
  const { ServerConnection } = lab.services;
  const response = await ServerConnection.makeRequest(address, {}, settings);
  if (!response.ok) throw await ServerConnection.ResponseError.create(response);
  return ((await response.json()) as Kernel).run;
}

function tellOfNone(lab: Lab): Promise<unknown> {
  return lab.apputils.showDialog({
    title: "This notebook has no run",
    body: "Its kernel records nothing yet: a cell with “%load_ext nbtrack” switches that on.",
    buttons: [lab.apputils.Dialog.okButton()],
  });
}
