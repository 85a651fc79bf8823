import type { FileEntry } from "../../api";

export interface Folder {
  name: string;
  /** With a slash at its end; empty for the run's own. */
  path: string;
  folders: Folder[];
  files: FileEntry[];
  size: number;
}

/** Paths as folders, each with the size of all that is in it. */
export function treeOf(files: readonly FileEntry[]): Folder {
  const root: Folder = { name: "", path: "", folders: [], files: [], size: 0 };
  const folders = new Map<string, Folder>([["", root]]);
  const folder = (path: string): Folder => {
    const known = folders.get(path);
    if (known) return known;
    const cut = path.lastIndexOf("/", path.length - 2);
    const above = folder(path.slice(0, cut + 1));
    const made: Folder = { name: path.slice(cut + 1, -1), path, folders: [], files: [], size: 0 };
    folders.set(path, made);
    above.folders.push(made);
    return made;
  };
  for (const file of files) {
    folder(file.path.slice(0, file.path.lastIndexOf("/") + 1)).files.push(file);
  }
  measure(root);
  return root;
}

function measure(folder: Folder): number {
  const within = folder.folders.reduce((sum, one) => sum + measure(one), 0);
  folder.size = folder.files.reduce((sum, { size }) => sum + size, within);
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
    for (const folder of [...at.folders].sort((a, b) => a.name.localeCompare(b.name))) {
      rows.push({ depth, folder });
      if (open(folder.path)) add(folder, depth + 1);
    }
    for (const file of at.files) rows.push({ depth, file });
  };
  add(root, 0);
  return rows;
}
