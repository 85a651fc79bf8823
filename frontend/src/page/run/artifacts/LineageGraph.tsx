import { useEffect, useMemo, useRef } from "preact/hooks";

import { StateIcon } from "../../../components/StateIcon";
import type { Lineage, LineageNode } from "../../api";
import { get } from "../../client";
import { Link } from "../../Link";
import { Problem } from "../../Problem";
import { runUrl } from "../../router";
import { useLoaded } from "../../useLoaded";
import { graphOf, HEIGHT, WIDTH } from "./graph";
import { labelOf } from "./paths";

interface Props {
  store: string;
  /** The run whose page this is. */
  run: string;
  /** Where the lineage is asked for. */
  path: string;
  /** Changes when it may have. */
  moment: string;
}

/** Which runs made and used what, from left to right, with ways to all of them. */
export function LineageGraph({ store, run, path, moment }: Props) {
  const loaded = useLoaded(`${path} ${moment}`, (abort) =>
    get<Lineage>(`${path}/lineage`, {}, abort),
  );
  const graph = useMemo(() => loaded.value && graphOf(loaded.value), [loaded.value]);
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Where one is comes into the middle, where not all of it has room.
    const here = graph?.placed.find(({ node }) => node.rank === 0);
    if (host.current && here) host.current.scrollLeft = here.x + WIDTH / 2 - host.current.clientWidth / 2;
  }, [graph]);
  if (loaded.error) return <Problem error={loaded.error} again={loaded.again} />;
  if (!graph || !loaded.value) return <p class="nbt-hint">loading the lineage …</p>;
  if (graph.placed.length < 2) return <p class="nbt-muted">nothing led here, and nothing came of it</p>;
  return (
    <>
      <div ref={host} class="nbt-lineage" tabIndex={0} role="group" aria-label="lineage, from left to right">
        <div style={{ width: `${graph.width}px`, height: `${graph.height}px` }}>
          <svg width={graph.width} height={graph.height} aria-hidden="true">
            <defs>
              <marker
                id="nbt-arrow"
                viewBox="0 0 6 6"
                refX="5"
                refY="3"
                markerWidth="7"
                markerHeight="7"
                orient="auto"
              >
                <path d="M0,0L6,3L0,6z" />
              </marker>
            </defs>
            {graph.lines.map(({ key, path: line, near }) => (
              <path key={key} d={line} class={near ? "nbt-near" : undefined} marker-end="url(#nbt-arrow)" />
            ))}
          </svg>
          {graph.placed.map(({ node, x, y }) => (
            <div
              key={node.id}
              class="nbt-node-place"
              style={{ left: `${x}px`, top: `${y}px`, width: `${WIDTH}px`, height: `${HEIGHT}px` }}
            >
              <Node store={store} run={run} node={node} from={loaded.value} />
            </div>
          ))}
        </div>
      </div>
      {loaded.value.more && <p class="nbt-muted">There is more than can be shown here.</p>}
    </>
  );
}

interface NodeProps {
  store: string;
  run: string;
  node: LineageNode;
  from: Lineage | null;
}

function Node({ store, run, node, from }: NodeProps) {
  const spoken = from ? sentence(node, from) : "";
  const here = node.rank === 0;
  const content = (
    <>
      <span class="nbt-node-kind">
        {node.kind === "run" && node.run?.state && (
          <span class={`nbt-is-${node.run.state}`}>
            <StateIcon state={node.run.state} />
          </span>
        )}
        {node.kind === "run" ? "run" : (node.type ?? "artifact")}
        {!node.there && " · not in this store any more"}
      </span>
      <span class="nbt-cut nbt-node-name">{node.name}</span>
      <span class="nbt-unseen">{spoken}</span>
    </>
  );
  const look = `nbt-node nbt-node-${node.kind}${here ? " nbt-here" : ""}`;
  const href =
    node.kind === "run"
      ? runUrl(store, node.run?.id ?? "", "artifacts")
      : `${runUrl(store, run, "artifacts")}?artifact=${encodeURIComponent(
          labelOf(node.artifact ?? "", node.version ?? 0),
        )}`;
  if (!node.there) {
    return (
      <span class={look} title={node.name}>
        {content}
      </span>
    );
  }
  return (
    <Link class={look} href={href} title={node.name} aria-current={here ? "true" : undefined}>
      {content}
    </Link>
  );
}

/** What the lines say, for those who do not see them. */
function sentence(node: LineageNode, { nodes, edges }: Lineage): string {
  const nameOf = (id: string) => nodes.find((one) => one.id === id)?.name ?? id;
  const before = edges.filter(({ end }) => end === node.id).map(({ start }) => nameOf(start));
  const after = edges.filter(({ start }) => start === node.id).map(({ end }) => nameOf(end));
  const words =
    node.kind === "run"
      ? [before.length && `used ${before.join(", ")}`, after.length && `made ${after.join(", ")}`]
      : [
          before.length && `made by ${before.join(", ")}`,
          after.length && `used by ${after.join(", ")}`,
        ];
  return words.filter(Boolean).join("; ");
}
