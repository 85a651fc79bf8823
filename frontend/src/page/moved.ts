/** What a page tells, in its own window, when it shows something else: a tab around it listens. */
export const MOVED = "nbtrack:moved";
