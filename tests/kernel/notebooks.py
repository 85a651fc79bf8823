"""Ten notebooks, each about one way in which cells show something."""

from __future__ import annotations

NOTEBOOKS: dict[str, list[str]] = {
    "stdout": [
        "print('one'); print('two', end='')",
        "import sys\nprint('error', file=sys.stderr)\nprint('after')",
        "import os\nn = os.write(1, b'low level\\n')  # shows low level",
        "for n in range(3): print(f'\\r{n}', end='')",
        "sys.stdout.write('\\x1b[1mbold\\x1b[0m\\n')",
        "print('no newline', end='')\n'and a value'",
        "import subprocess\ndone = subprocess.run(['echo', 'a child'])  # shows a child",
        "import logging\nlogging.warning('careful')",
        "import threading\nt = threading.Thread(target=print, args=('a',)); t.start(); t.join()",
        "print('unicode: αβγ 🎉', '\\udc80'.encode('utf-8', 'replace'))",
        "help(len)",
    ],
    "rich display": [
        "from IPython.display import HTML, JSON, Latex, Markdown, clear_output, display",
        "HTML('<b>bold</b>')",
        "display(Markdown('*text*'), Latex('$x$'), JSON({'a': 1}))",
        "handle = display('first', display_id='fixed')",
        "handle.update('second')",
        "display({'text/plain': 'plain', 'text/html': '<i>x</i>'}, raw=True, metadata={'m': 1})",
        "print('gone'); clear_output(wait=True); print('stays')",
        (
            "class Own:\n"
            "    def _repr_html_(self): return '<p>own</p>'\n"
            "    def __repr__(self): return 'Own()'\nOwn()"
        ),
        "display(1, 2); 3",
        "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
        "x = 5;",
        "x;",
        "get_ipython().display_pub.publish({'text/plain': 'published'}, transient={'t': 1})",
    ],
    "matplotlib": [
        "%matplotlib inline",
        "import matplotlib.pyplot as plt",
        "plt.plot([1, 2, 3]);",
        "fig, ax = plt.subplots(figsize=(2, 2)); ax.bar(['a', 'b'], [1, 2]); fig",
        "plt.figure(figsize=(1, 1)); plt.plot([1, 4]); plt.show(); print('after the figure')",
        "plt.close('all')",
    ],
    "errors": [
        "def divide(a, b):\n    return a / b",
        "divide(1, 0)",
        "1 +",
        (
            "try:\n    divide(1, 0)\nexcept ZeroDivisionError as error:\n"
            "    raise ValueError('chained') from error"
        ),
        "undefined_name",
        "import sys\nsys.exit(3)",
        "%no_such_magic",
        "raise ExceptionGroup('many', [ValueError(1), TypeError('x')])",
        (
            "class Bad(Exception):\n"
            "    def __str__(self):\n        raise RuntimeError('no text')\n\n\nraise Bad()"
        ),
        "print('before'); assert False, 'failed'",
        "raise KeyboardInterrupt",
        "'still here'",
    ],
    "async": [
        "import asyncio",
        "await asyncio.sleep(0)\nprint('awaited')",
        "async def value(n):\n    await asyncio.sleep(0)\n    return n\nawait value(7)",
        "await asyncio.gather(*(value(n) for n in range(3)))",
        "async def fails():\n    raise ValueError('in a coroutine')\nawait fails()",
        "[n async for n in (await value(i) for i in range(3))]",
        "async with asyncio.timeout(5):\n    print('inside')",
    ],
    "run": [
        "%%writefile ok.py\nprint('from the script')\nresult = 6 * 7",
        "%run ok.py",
        "result",
        "%%writefile bad.py\nprint('before')\nraise ValueError('in the script')",
        "%run bad.py",
        "%run -i ok.py",
        "%run missing.py",
        "%%writefile leaves.py\nimport sys\nsys.exit(4)",
        "%run leaves.py",
    ],
    "capture": [
        "%%capture seen\nprint('hidden')\ndisplay(1)\n'value'",
        "seen.show()",
        "seen.stdout, len(seen.outputs)",
        "%%capture failed\nprint('hidden')\n1 / 0",
        "failed.stdout",
        "%%capture --no-stdout\nprint('shown')",
        (
            "from contextlib import redirect_stdout\nimport io\nf = io.StringIO()\n"
            "with redirect_stdout(f): print('redirected')\nf.getvalue()"
        ),
        "%%time\nquiet = 1",
        "result = %sx echo shell\nresult",
    ],
    "bash": [
        "%%bash\necho out\necho err >&2",
        "%%bash\nexit 3",
        "!echo bang",
        "files = !echo a b\nfiles",
        "%%script bash\necho script",
        "%%sh\nprintf 'no newline'",
        "%env NAME_OF_TEST=value\n!echo $NAME_OF_TEST",
        (
            "import ctypes\nc = ctypes.CDLL(None)\n"
            "n = c.puts(b'C level')\nn = c.fflush(None)  # shows C level"
        ),
    ],
    "tqdm": [
        "from tqdm import tqdm\nshape = '{desc} {n}/{total} {bar}'",
        "for n in tqdm(range(50), 'one', bar_format=shape, ncols=40, mininterval=0): pass",
        (
            "for n in tqdm(range(3), 'outer', bar_format=shape, ncols=40, mininterval=0):\n"
            "    for m in tqdm(range(4), 'inner', bar_format=shape, ncols=40, mininterval=0,\n"
            "                  leave=False): pass"
        ),
        "for n in tqdm(range(3), bar_format=shape, ncols=40, mininterval=0): tqdm.write(str(n))",
        (
            "from tqdm.notebook import tqdm as bar\n"
            "for n in bar(range(3), bar_format='{n}/{total} {bar}'): pass"
        ),
    ],
    "ipywidgets": [
        "import ipywidgets as widgets\nfrom IPython.display import display",
        "slider = widgets.IntSlider(value=3, description='n')\nslider",
        "slider.value = 5\nslider.value",
        "out = widgets.Output()\ndisplay(out)\nwith out:\n    print('inside the widget')",
        (
            "button = widgets.Button(description='go')\npressed = []\n"
            "button.on_click(lambda b: pressed.append(1))\nbutton.click()\npressed"
        ),
        "widgets.interact(lambda n: n * 2, n=(0, 4));",
        "widgets.VBox([widgets.Label('a'), widgets.HTML('<b>b</b>')])",
        "with out:\n    1 / 0",
    ],
}
