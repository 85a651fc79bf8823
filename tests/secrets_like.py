"""Texts that look like secrets, and are none: put together here, so that no scanner takes them."""

from __future__ import annotations

import base64
import hashlib
import string

_LETTERS = string.ascii_letters
_BOTH = string.ascii_letters + string.digits


def made(seed: str, length: int, alphabet: str = _BOTH) -> str:
    """A random-looking text, always the same for one seed, with letters and digits if it may."""
    text, count = "", 0
    while len(text) < length:
        for byte in hashlib.blake2b(f"{seed}{count}".encode()).digest():
            text += alphabet[byte % len(alphabet)]
        count += 1
    return text[:length]


HEX = "0123456789abcdef"
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits

_BODY = [made(f"pem{at}", 64, _BOTH + "+/") for at in range(4)]
PEM_LINES = tuple(_BODY)


def pem(kind: str = "RSA ") -> str:
    """A private key, on as many lines as one has."""
    marks = [f"-----{word} {kind}PRIVATE KEY-----" for word in ("BEGIN", "END")]
    return "\n".join([marks[0], *_BODY, marks[1]])


def _json_web_token() -> tuple[str, str]:
    parts = [
        base64.urlsafe_b64encode(text).decode().rstrip("=")
        for text in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890","name":"A Person"}')
    ]
    signature = made("jwt", 43)
    return ".".join([*parts, signature]), signature


_JWT, JWT_SIGNATURE = _json_web_token()

# Name -> (a text as it stands in code or output, what must not be found of it).
SECRETS: dict[str, tuple[str, str]] = {}


def _add(name: str, secret: str, text: str = "{}") -> None:
    SECRETS[name] = text.replace("{}", secret), secret


_add("aws access key", "AK" + "IA" + made("aws", 16, UPPER))
_add("aws secret key", made("awss", 40, _BOTH + "/+"), 'aws_secret_access_key = "{}"')
_add("aws secret key in a file", made("awsf", 40, _BOTH + "/+"), "AWS_SECRET_ACCESS_KEY={}")
_add("github", "gh" + "p_" + made("gh", 36))
_add("github, fine-grained", "github" + "_pat_" + made("pat", 22) + "_" + made("pat2", 59))
_add("gitlab", "gl" + "pat-" + made("gl", 20))
_add("hugging face", "h" + "f_" + made("hf", 34, _LETTERS))
_add("google", "AI" + "za" + made("goog", 35))
_add("google, client", "GOC" + "SPX-" + made("gocs", 28))
_add("openai, project", "sk-" + "proj-" + made("oa", 48))
_add("openai, old", "sk-" + made("oa1", 20) + "T3Blbk" + "FJ" + made("oa2", 20))
_add("anthropic", "sk-" + "ant-api03-" + made("ant", 80))
_add("groq", "gs" + "k_" + made("groq", 52))
_add("replicate", "r" + "8_" + made("r8", 37))
_add("w&b", made("wandb", 40, HEX), "wandb: logged in with the key {}")
_add("w&b in the environment", made("wandb2", 40, HEX), "WANDB_API_KEY={}")
_add("slack", "xo" + "xb-" + "123456789012-1234567890123-" + made("slack", 24))
_add(
    "slack, webhook",
    "T" + made("t", 8, UPPER) + "/B" + made("b", 8, UPPER) + "/" + made("hook", 24),
    "https://hooks." + "slack.com/services/{}",
)
_add("stripe", "sk" + "_live_" + made("stripe", 24))
_add("sendgrid", "S" + "G." + made("sg1", 22) + "." + made("sg2", 43))
_add("telegram", "123456789" + ":AA" + made("tele", 33), "bot {} started")
_add("twilio", "S" + "K" + made("twilio", 32, HEX))
_add("discord", "M" + made("d1", 23) + "." + made("d2", 6) + "." + made("d3", 27))
_add("npm", "np" + "m_" + made("npm", 36))
_add("pypi", "py" + "pi-AgEIcHlwaS5vcmc" + made("pypi", 80))
_add("databricks", "da" + "pi" + made("dapi", 32, HEX))
_add("mailchimp", made("mc", 32, HEX) + "-us12")
_add("azure storage", made("az", 86, _BOTH + "+/") + "==", "AccountName=a;AccountKey={};E=x")
_add("jwt", _JWT)
_add("bearer", made("bearer", 32), "Authorization: Bearer {}")
_add("url with a password", made("url", 14), "postgresql://trainer:{}@db.example.org:5432/runs")
_add("url with a password alone", made("redis", 14), "redis://:{}@cache:6379/0")
_add("url with a token", "gh" + "o_" + made("urltoken", 36), "https://{}@github.com/a/b.git")
_add("password in code", "hunter2" + "!x9", 'password = "{}"')
_add("password in a dictionary", "Tr0ub4" + "dor&3", "{'user': 'me', 'db_password': '{}'}")
_add("password in JSON", "Tr0ub4" + "dor&4", '{"user": "me", "password": "{}"}')
_add("key in code", made("key", 32), 'client = Client(api_key="{}")')
_add("key in the environment of a shell", made("exp", 24), "export SERVICE_SECRET={}")
_add("key given to os.environ", made("osenv", 24), 'os.environ["MY_API_KEY"] = "{}"')
_add("token in code", made("tok", 32), "token = '{}'")
_add("client secret", made("client", 24), 'client_secret: "{}"')

# What ordinary cells, logs and files hold; no character of it may change.
ORDINARY = r"""
token = tokenizer("hello world")
tokens = tokenizer.tokenize(text); token_ids = [101, 2023, 102]; max_new_tokens = 128
eos_token = "<|endoftext|>"; pad_token="[PAD]"; bos_token: "<s>"
api_key = os.environ["OPENAI_API_KEY"]
client = OpenAI(api_key=os.getenv("OPENAI_API_KEY"))
wandb.login(key=os.environ["WANDB_API_KEY"])
password = getpass("password: "), getpass("again: ")
password: str = ""
def login(user: str, password: str | None = None, token: str = "") -> None: ...
self.token = token1; self.password = config.password; api_key = settings.api_key
api_key_env="OPENAI_API_KEY"; secret_name = "training/database"
api_key = "YOUR_API_KEY"; api_key = "<your key>"; api_key="${API_KEY}"; password = "********"
key = jax.random.PRNGKey(42); key, subkey = jax.random.split(key)
sorted(rows, key=lambda row: row["loss"]); primary_key = "user_id"; foreign_key="orders.id"
data = {"token": "the", "key": "value", "secret": True, "tokens": ["a", "b"]}
KeyError: 'loss_12345678'
KeyboardInterrupt
Missing key(s) in state_dict: "layer4.1.conv2.weight", "encoder.layers.0.self_attn.q_proj.weight"
commit 3f786850e387550fdab836ed7e6dc881de23001b
index 0d83463e1f2a9c8b7d6e5f40312233445566778..123427c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3 100644
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
uuid 123e4567-e89b-12d3-a456-426614174000, run 20260131-174502-k3v9q, o7e09d6089a
Epoch 1/10: 100%|██████████| 938/938 [00:05<00:00, 187.2it/s, loss=0.23]
step 100 loss=0.512345 tokens/s: 123456.78 lr=1e-3 key_padding_mask=None
{"loss": 0.1234567890123456, "step": 1795588989497303, "token_accuracy": 0.99}
user@example.com, foo.bar@lab.org
git@github.com:me/repo.git https://github.com/me/repo.git ssh://git@host.org/x.git
https://example.org/path?page=2&key=name#part http://localhost:8888/lab
f"postgres://{user}:{password}@{host}/{name}"
@property
a @ b; x @ w.T
from detect import secret_santa  # a secret: everyone gets one
<div class="token keyword">def</div>
tensor([0.1234, 0.5678], device='cuda:0'), shape torch.Size([64, 3, 224, 224])
sk-learn, task-1234567890123456, disk-usage-monitor-2026-11-25, risk-free
numpy==2.1.0; scikit-learn @ https://files.example.org/scikit_learn-1.5.0.whl
model.safetensors: 100%|██████████| 440M/440M [00:10<00:00, 42.0MB/s]
NVIDIA-SMI 550.54.15, Driver Version: 550.54.15, CUDA Version: 12.4
password must be at least 8 characters; passwords: none; secret key: not set
/home/me/.ssh/known_hosts /etc/passwd ~/.config/tokens.json
session 12 of 40, session_id = 17; aws region eu-central-1; ACCURACY 0.98, SKIPPED
"""
PICTURE = "data:image/png;base64," + base64.b64encode(hashlib.blake2b(b"p").digest() * 400).decode()
