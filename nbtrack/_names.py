"""Names for runs that give themselves none: of words that look like no secret."""

from __future__ import annotations

import random

ADJECTIVES = (
    "amber ample bold brave breezy bright blithe calm candid cheerful clever cosmic crisp curious "
    "daring deft eager early easy fair fancy fearless fresh gentle glad golden grand happy hardy "
    "honest jolly keen kind lively lucky lunar mellow merry mild neat nimble noble patient plucky "
    "polite proud quick quiet rapid ready rustic serene sharp shiny silent silver smooth snowy "
    "solar steady stellar sturdy sunny swift tidy tranquil vivid warm wise witty"
).split()
NOUNS = (
    "alder badger bay beacon birch brook canyon cedar cliff clover comet coral crane creek delta "
    "dune eagle falcon fern finch fjord forest fox garden glade grove harbor hare hawk heron hill "
    "island ivy jay lagoon lake lark leaf lynx maple marten meadow mesa moon moss oak orchid otter "
    "owl panda pebble pine plover pond prairie puffin quail rain raven reef ridge river robin "
    "sparrow spruce star stone summit swallow thistle tide valley violet willow wolf wren"
).split()


def new_name(number: int) -> str:
    """A name that is easy to say and to tell from others, such as ``brave-otter-12``."""
    source = random.SystemRandom()  # a person's seed must not be touched, nor repeat the name
    return f"{source.choice(ADJECTIVES)}-{source.choice(NOUNS)}-{number}"
