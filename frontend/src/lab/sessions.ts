import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import type { Widget } from "@lumino/widgets";

/** The session of a notebook or console; `null` for what has no kernel. */
export function sessionOf(widget: Widget | null): ISessionContext | null {
  return (widget as { sessionContext?: ISessionContext } | null)?.sessionContext ?? null;
}

/** The kernel that a session has now. */
export const kernelOf = (session: ISessionContext | null): string | null =>
  session?.session?.kernel?.id ?? null;

/**
 * Follows the notebook that somebody works in: the one that is in front, or was last, until it is
 * closed. `changed` is called with its kernel, `happened` when something happens there.
 */
export function followSession(
  shell: JupyterFrontEnd.IShell,
  changed: (kernel: string | null) => void,
  happened: () => void,
): void {
  let current: ISessionContext | null = null;
  const tell = () => changed(kernelOf(current));
  const leave = () => turn(null);
  const turn = (session: ISessionContext | null) => {
    current?.kernelChanged.disconnect(tell);
    current?.statusChanged.disconnect(happened);
    current?.disposed.disconnect(leave);
    current = session;
    current?.kernelChanged.connect(tell);
    current?.statusChanged.connect(happened);
    current?.disposed.connect(leave);
    tell();
  };
  const look = () => {
    const session = sessionOf(shell.currentWidget);
    if (session && session !== current) turn(session);
  };
  shell.currentChanged?.connect(look);
  look();
}
