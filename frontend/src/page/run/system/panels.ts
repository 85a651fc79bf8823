/** A chart of what the machine did. */
export interface Panel {
  title: string;
  unit: "%" | "B" | "B/s" | "°C" | "W";
  curves: { key: string; name: string }[];
  /** A curve of which the last value is a line that is not to be reached. */
  limit?: string;
}

const GPU = /^gpu\.(\d+)\./;

/** All charts that these samples make, the machine first, then each GPU. */
export function panelsOf(keys: ReadonlySet<string>): Panel[] {
  const panels: Panel[] = [
    {
      title: "CPU",
      unit: "%",
      curves: [
        { key: "cpu.percent", name: "machine" },
        { key: "cpu.process.percent", name: "process" },
      ],
    },
    {
      title: "Memory",
      unit: "B",
      curves: [
        { key: "memory.process.bytes", name: "process" },
        { key: "memory.cgroup.bytes", name: "container" },
        { key: "memory.used.bytes", name: "machine" },
      ],
      limit: keys.has("memory.limit.bytes") ? "memory.limit.bytes" : "memory.total.bytes",
    },
    {
      title: "Disk",
      unit: "B/s",
      curves: [
        { key: "disk.read.bytes_per_second", name: "read" },
        { key: "disk.write.bytes_per_second", name: "written" },
      ],
    },
    {
      title: "Network",
      unit: "B/s",
      curves: [
        { key: "network.received.bytes_per_second", name: "received" },
        { key: "network.sent.bytes_per_second", name: "sent" },
      ],
    },
  ];
  const gpus = [...new Set([...keys].flatMap((key) => GPU.exec(key)?.[1] ?? []))].map(Number);
  for (const gpu of gpus.sort((a, b) => a - b)) {
    const of = (rest: string) => `gpu.${gpu}.${rest}`;
    panels.push(
      {
        title: `GPU ${gpu} utilisation`,
        unit: "%",
        curves: [{ key: of("utilization.percent"), name: "utilisation" }],
      },
      {
        title: `GPU ${gpu} memory`,
        unit: "B",
        curves: [
          { key: of("memory.used.bytes"), name: "used" },
          { key: of("memory.process.bytes"), name: "process" },
        ],
        limit: of("memory.total.bytes"),
      },
      {
        title: `GPU ${gpu} temperature`,
        unit: "°C",
        curves: [{ key: of("temperature.celsius"), name: "temperature" }],
      },
      {
        title: `GPU ${gpu} power`,
        unit: "W",
        curves: [{ key: of("power.watts"), name: "power" }],
      },
    );
  }
  return panels
    .map((panel) => ({ ...panel, curves: panel.curves.filter(({ key }) => keys.has(key)) }))
    .filter(({ curves }) => curves.length);
}
