import { useEffect } from "preact/hooks";

import { get, pageUrl, server } from "./client";
import { ComparePage } from "./compare/ComparePage";
import { Link } from "./Link";
import { Problem } from "./Problem";
import { route } from "./router";
import { RunPage } from "./run/RunPage";
import { TablePage } from "./table/TablePage";
import { theme, type Theme } from "./theme";
import { useLoaded } from "./useLoaded";
import type { Server } from "./api";

const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

/** Everything: a line that says where one is, and the page that the address names. */
export function Page() {
  const loaded = useLoaded("server", (abort) => get<Server>("", {}, abort));
  useEffect(() => {
    server.value = loaded.value;
  }, [loaded.value]);
  return (
    <>
      <header class="nbt-page-head">
        <Link href={pageUrl("")} class="nbt-home">
          nbtrack
        </Link>
        <span id="nbt-where" class="nbt-where nbt-cut" />
        {loaded.value?.read_only && <span class="nbt-badge">read only</span>}
        <button
          type="button"
          class="nbt-quiet"
          title="colours: as JupyterLab around it or the system has them, light, or dark"
          onClick={() => (theme.value = NEXT[theme.value])}
        >
          {theme.value}
        </button>
      </header>
      {loaded.error ? (
        <Problem error={loaded.error} again={loaded.again} />
      ) : (
        server.value && <main class="nbt-main">{pageOf()}</main>
      )}
    </>
  );
}

function pageOf() {
  const { value } = route;
  if (value.page === "run") {
    return <RunPage key={`${value.store}/${value.run}`} store={value.store} run={value.run} tab={value.tab} />;
  }
  return value.page === "compare" ? <ComparePage /> : <TablePage />;
}
