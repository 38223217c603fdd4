"""What the SDKs read: one reader for each schema.

Each asks its SDK the simplest question there is and says two things of the answer: all that the
SDK knows of it (`dump`), and what it comes to in words that all SDKs share (`Answer`).
"""

from .chat import Chat
from .claude import Claude
from .gemini import Gemini
from .responses import Responses

READERS = {reader.schema: reader for reader in (Chat, Responses, Claude, Gemini)}
# Who reads which operation.
READING = {
    "generate": list(READERS),
    "embed": ["chat", "gemini"],
    "count": ["responses", "claude", "gemini"],
}
