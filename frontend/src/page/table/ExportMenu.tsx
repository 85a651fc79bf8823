import { apiUrl } from "../client";
import { valuesOf } from "./columns";
import { Menu } from "./Menu";
import { wantedOf } from "./request";
import type { Table } from "./table";

const FORMATS = [
  ["csv", "CSV"],
  ["parquet", "Parquet"],
] as const;

/** The runs that match, all of them, as a file. */
export function ExportMenu({ table }: { table: Table }) {
  const columns = valuesOf(table.columns.value.map(({ id }) => id));
  const wanted = { ...wantedOf(table.state.value), store: table.store.value, columns };
  return (
    <Menu label="export" title="all runs that match, as a file" right>
      {(close) => (
        <div class="nbt-choices">
          {FORMATS.map(([format, name]) => (
            <a
              key={format}
              class="nbt-item"
              href={apiUrl("/runs/export", { ...wanted, format })}
              download
              onClick={close}
            >
              {name}
            </a>
          ))}
        </div>
      )}
    </Menu>
  );
}
