import { useEffect, useRef } from "preact/hooks";

import { MAX_KEYS } from "../../../model/groups";
import type { MediaEntry } from "../../api";
import type { RunState } from "../state";
import { fileUrl } from "./media";
import type { Box, Layer, Mask } from "./marks";

interface Props {
  state: RunState;
  entry: Pick<MediaEntry, "file" | "info">;
  layers: readonly Layer[];
  alt: string;
  lazy: boolean;
}

/** A picture with what lies on it. */
export function Marked({ state, entry, layers, alt, lazy }: Props) {
  const { width, height } = entry.info;
  return (
    <span class="nbt-marked">
      <img
        class="nbt-pixels"
        src={fileUrl(state, entry.file ?? "")}
        alt={alt}
        loading={lazy ? "lazy" : "eager"}
        {...(typeof width === "number" && typeof height === "number" ? { width, height } : {})}
      />
      {layers.map(({ name, mask }) => mask && <MaskOver key={name} state={state} mask={mask} />)}
      {layers.some(({ boxes }) => boxes.length > 0) && (
        <span class="nbt-boxes" aria-hidden="true">
          {layers.map(({ name, boxes }) =>
            boxes.map((box, at) => <BoxOver key={`${name} ${at}`} box={box} />),
          )}
        </span>
      )}
    </span>
  );
}

function BoxOver({ box }: { box: Box }) {
  const part = (value: number) => `${100 * value}%`;
  return (
    <i
      class="nbt-box-over"
      style={{
        borderColor: `var(--nbt-line-${box.colour})`,
        left: part(box.x),
        top: part(box.y),
        width: part(box.width),
        height: part(box.height),
      }}
    >
      {box.text && <b>{box.text}</b>}
    </i>
  );
}

/** Numbers of classes as colours that one sees through. */
function MaskOver({ state, mask }: { state: RunState; mask: Mask }) {
  const host = useRef<HTMLCanvasElement>(null);
  const theme = state.view.theme.value;
  useEffect(() => {
    const image = new Image();
    image.onload = () => host.current && paint(host.current, image);
    image.src = fileUrl(state, mask.file);
    return () => {
      image.onload = null;
    };
  }, [state, mask.file, theme]);
  return <canvas ref={host} class="nbt-pixels nbt-mask" aria-hidden="true" />;
}

function paint(canvas: HTMLCanvasElement, image: HTMLImageElement): void {
  const { naturalWidth: width, naturalHeight: height } = image;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context || !width || !height) return;
  canvas.width = width;
  canvas.height = height;
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, width, height);
  const colours = palette(canvas, context);
  for (let at = 0; at < pixels.data.length; at += 4) {
    const kind = pixels.data[at] ?? 0;
    // The first class is what is left.
    const [red, green, blue] = colours[kind % MAX_KEYS] ?? [0, 0, 0];
    pixels.data[at] = red;
    pixels.data[at + 1] = green;
    pixels.data[at + 2] = blue;
    pixels.data[at + 3] = kind ? 140 : 0;
  }
  context.putImageData(pixels, 0, 0);
}

/** The colours of lines as numbers: a canvas knows what they are, whatever they are called. */
function palette(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D) {
  const styles = getComputedStyle(canvas);
  const own = document.createElement("canvas").getContext("2d") ?? context;
  return Array.from({ length: MAX_KEYS }, (_, at): [number, number, number] => {
    own.fillStyle = styles.getPropertyValue(`--nbt-line-${at}`).trim() || "#888";
    const hex = /^#(..)(..)(..)$/.exec(own.fillStyle as string);
    return [1, 2, 3].map((part) => parseInt(hex?.[part] ?? "88", 16)) as [number, number, number];
  });
}
