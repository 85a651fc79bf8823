"""What a page looks like, measured: what sticks out, and what is too faint to read."""

from __future__ import annotations

from playwright.sync_api import Page

LEAST_CONTRAST = 4.5

_STICKS_OUT = """(selector) => {
    const found = [];
    for (const root of document.querySelectorAll(selector)) {
        const edge = root.getBoundingClientRect();
        if (root.scrollWidth > root.clientWidth + 1) found.push(`all of it: ${root.scrollWidth}`);
        for (const element of root.querySelectorAll("*")) {
            const box = element.getBoundingClientRect();
            // These scroll by themselves, or cut off what they have no room for.
            const scrolls = element.closest("pre, .u-wrap, .nbt-cut, .nbt-scroll, .nbt-grid,"
                + " .nbt-logged, .nbt-lineage, .nbt-differences, .nbt-log,"
                + " .nbt-card:not(:hover) .nbt-card-tools");
            if (!scrolls && box.width && (box.right > edge.right + 1 || box.left < edge.left - 1)) {
                found.push(`${element.tagName}.${element.className}: ${box.left} to ${box.right}`);
            }
        }
    }
    return found;
}"""

# Colours are drawn, so that the browser itself says what any way of writing them means.
_CONTRASTS = """([selector, ground]) => {
    const canvas = document.createElementNS("http://www.w3.org/1999/xhtml", "canvas");
    const context = canvas.getContext("2d", {willReadFrequently: true});
    const over = (colour, below) => {
        context.fillStyle = `rgb(${below.join(" ")})`;
        context.fillRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    };
    const light = ([r, g, b]) => {
        const part = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const groundOf = (element) => {
        const chain = [];
        for (let at = element; at; at = at.parentElement) chain.unshift(at);
        return chain.reduce(
            (below, at) => over(getComputedStyle(at).backgroundColor, below), [255, 255, 255]);
    };
    const found = [];
    for (const root of document.querySelectorAll(selector)) {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const text = walker.currentNode.textContent.trim();
            const element = walker.currentNode.parentElement;
            if (!text || element.closest("style, title")) continue;
            const style = getComputedStyle(element);
            if (!element.getClientRects().length) continue;
            const svg = element.namespaceURI.endsWith("svg");
            const below = ground ?? groundOf(element);
            const [a, b] = [light(over(svg ? style.fill : style.color, below)), light(below)];
            found.push([text.slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
        }
    }
    return found;
}"""

_OVERLAPS = """() => {
    const edge = document.documentElement.getBoundingClientRect();
    const texts = [...document.querySelectorAll("text")].filter((one) => one.textContent.trim());
    const boxes = texts.map((one) => one.getBoundingClientRect());
    const found = [];
    boxes.forEach((box, at) => {
        const name = texts[at].textContent;
        if (box.left < edge.left || box.right > edge.right || box.bottom > edge.bottom) {
            found.push(`outside: ${name}`);
        }
        boxes.slice(at + 1).forEach((other, more) => {
            const beside = box.right <= other.left + 0.5 || other.right <= box.left + 0.5;
            const apart = box.bottom <= other.top + 2.5 || other.bottom <= box.top + 2.5;
            if (!beside && !apart) found.push(`${name} on ${texts[at + 1 + more].textContent}`);
        });
    });
    return found;
}"""


def sticks_out(page: Page, selector: str) -> list[str]:
    """What is wider than the elements that it is in."""
    return list(page.evaluate(_STICKS_OUT, selector))


def faint(page: Page, selector: str, ground: list[int] | None = None) -> list[tuple[str, float]]:
    """Texts with too little contrast, and how much they have.

    Args:
        ground: What they stand on, as red, green and blue, where that cannot be found out.
    """
    found = page.evaluate(_CONTRASTS, [selector, ground])
    assert found, f"there is no text in {selector}"
    return [(text, contrast) for text, contrast in found if contrast < LEAST_CONTRAST]


def overlaps(page: Page) -> list[str]:
    """Texts of an SVG document that lie on one another, or outside."""
    return list(page.evaluate(_OVERLAPS))
