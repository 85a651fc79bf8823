import type { FileEntry } from "../../api";

export interface Folder {
  name: string;
  /** With a slash at its end; empty for the run's own. */
  path: string;
  /** Folders and files, in the order in which the server names them: what people want first. */
  entries: (Folder | FileEntry)[];
  size: number;
}

const isFolder = (entry: Folder | FileEntry): entry is Folder => "entries" in entry;

/** Paths as folders, each with the size of all that is in it. */
export function treeOf(files: readonly FileEntry[]): Folder {
  const root: Folder = { name: "", path: "", entries: [], size: 0 };
  const folders = new Map<string, Folder>([["", root]]);
  const folder = (path: string): Folder => {
    const known = folders.get(path);
    if (known) return known;
    const cut = path.lastIndexOf("/", path.length - 2);
    const above = folder(path.slice(0, cut + 1));
    const made: Folder = { name: path.slice(cut + 1, -1), path, entries: [], size: 0 };
    folders.set(path, made);
    above.entries.push(made);
    return made;
  };
  for (const file of files) {
    folder(file.path.slice(0, file.path.lastIndexOf("/") + 1)).entries.push(file);
  }
  measure(root);
  return root;
}

function measure(folder: Folder): number {
  folder.size = folder.entries.reduce(
    (sum, entry) => sum + (isFolder(entry) ? measure(entry) : entry.size),
    0,
  );
  return folder.size;
}

export interface Row {
  depth: number;
  folder?: Folder;
  file?: FileEntry;
}

/** What of a tree is seen, in order, with `open` folders open. */
export function rowsOf(root: Folder, open: (path: string) => boolean): Row[] {
  const rows: Row[] = [];
  const add = (at: Folder, depth: number) => {
    for (const entry of at.entries) {
      if (isFolder(entry)) {
        rows.push({ depth, folder: entry });
        if (open(entry.path)) add(entry, depth + 1);
      } else {
        rows.push({ depth, file: entry });
      }
    }
  };
  add(root, 0);
  return rows;
}
