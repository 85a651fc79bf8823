/** A file, as far as a tree of them is concerned. */
export interface Leaf {
  path: string;
  /** Bytes; null where nobody told. */
  size: number | null;
}

export interface Folder<T extends Leaf> {
  name: string;
  /** With a slash at its end; empty for the outermost. */
  path: string;
  /** Folders and files, in the order in which the server names them: what people want first. */
  entries: (Folder<T> | T)[];
  size: number;
}

const isFolder = <T extends Leaf>(entry: Folder<T> | T): entry is Folder<T> => "entries" in entry;

/** Paths as folders, each with the size of all that is in it. */
export function treeOf<T extends Leaf>(files: readonly T[]): Folder<T> {
  const root: Folder<T> = { name: "", path: "", entries: [], size: 0 };
  const folders = new Map<string, Folder<T>>([["", root]]);
  const folder = (path: string): Folder<T> => {
    const known = folders.get(path);
    if (known) return known;
    const cut = path.lastIndexOf("/", path.length - 2);
    const above = folder(path.slice(0, cut + 1));
    const made: Folder<T> = { name: path.slice(cut + 1, -1), path, entries: [], size: 0 };
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

function measure<T extends Leaf>(folder: Folder<T>): number {
  folder.size = folder.entries.reduce(
    (sum, entry) => sum + (isFolder(entry) ? measure(entry) : (entry.size ?? 0)),
    0,
  );
  return folder.size;
}

export interface Row<T extends Leaf> {
  depth: number;
  folder?: Folder<T>;
  file?: T;
}

/** What of a tree is seen, in order, with `open` folders open. */
export function rowsOf<T extends Leaf>(
  root: Folder<T>,
  open: (path: string) => boolean,
): Row<T>[] {
  const rows: Row<T>[] = [];
  const add = (at: Folder<T>, depth: number) => {
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
