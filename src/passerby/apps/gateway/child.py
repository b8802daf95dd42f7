"""The process of one camera: does what `passerby live` does, and hands it to its supervisor.

It is told what to do over standard input, so that no address and no password shows up in a list of
processes, and answers on standard output. When standard input ends, its supervisor is gone, and it
ends too.
"""

from __future__ import annotations

import faulthandler
import os
import queue
import signal
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from ...core.errors import PasserbyError
from ...core.undumped import no_dumps
from ...jobs import live as job
from ...media.live_encoder import Coded, Shape
from .wire import Message, Order, megabytes, of_error, of_json, of_packet, of_shape

BEAT: Final = 1.0  # seconds
STUCK: Final = 30.0  # seconds without a beat after which it ends itself
LEAVING: Final = 8.0  # seconds in which it ends in order
_QUEUE: Final = 240  # messages


class Post:
    """Sends messages from a thread of its own; implements `media.publish.Tap`.

    If the supervisor takes none for too long, packets are lost up to the next key frame.
    """

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._queue: queue.Queue[Message | None] = queue.Queue(_QUEUE)
        self._need_key, self._asked = False, False
        self._thread = threading.Thread(target=self._send, name="post", daemon=True)
        self._thread.start()

    def shape(self, shape: Shape) -> None:
        self.put(of_shape(shape))

    def offer(self, packet: Coded) -> None:
        if self._need_key and not packet.key:
            return
        self._need_key = not self.put(of_packet(packet))
        self._asked = self._asked or self._need_key

    @property
    def wants_key(self) -> bool:
        asked, self._asked = self._asked, False
        return asked

    def ask(self) -> None:
        """Somebody waits for a key frame."""
        self._asked = True

    def put(self, message: Message) -> bool:
        """False where it had to be dropped. Never waits."""
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Send what waits, for some seconds at most."""
        with suppress(queue.Full):
            self._queue.put(None, timeout=1)
            self._thread.join(2)

    def _send(self) -> None:
        with suppress(OSError, ValueError):
            while (message := self._queue.get()) is not None:
                self._pipe.write(message.bytes())
                self._pipe.flush()


def main() -> None:
    post = Post(_own_output())
    no_dumps()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    for name in ("SIGINT", "SIGHUP"):  # of the terminal, and meant for the supervisor
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    threading.Thread(target=_beat, args=(post,), name="beat", daemon=True).start()
    threading.Thread(target=_listen, args=(post, stop), name="listen", daemon=True).start()
    code = 0
    try:
        _work(Order.read(line), post, stop)
    except PasserbyError as error:
        post.put(of_error(error))
        code = 1
    except (ValueError, KeyError, TypeError):
        code = 2  # no order: nobody of ours started this
    except Exception as error:  # told to the supervisor, without its words
        post.put(of_error(_mistake(error)))
        code = 1
    post.close()
    os._exit(code)  # models may hang, and nothing is left to be done


def _work(order: Order, post: Post, stop: threading.Event) -> None:
    def tell(status: job.Status) -> None:
        post.put(of_json("status", status.as_dict()))

    job.live(order.settings, order.logins, stop=stop, tell=tell, tap=post, patience=float("inf"))


def _mistake(error: Exception) -> PasserbyError:
    """Its kind and place: its words may quote what a camera sent."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno}"
    return PasserbyError(f"a mistake in Passerby itself ({type(error).__name__} in {place})")


def _own_output() -> BinaryIO:
    """The pipe to the supervisor, which nobody else in this process writes to by mistake."""
    own = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return own


def _beat(post: Post) -> None:
    """Says that this process lives; ends it from outside of Python if it does not."""
    silence = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for as long as the process lives
    pause = threading.Event()
    while True:
        faulthandler.dump_traceback_later(STUCK, exit=True, file=silence)
        post.put(of_json("beat", megabytes("self")))
        pause.wait(BEAT)


def _listen(post: Post, stop: threading.Event) -> None:
    """Wishes of the supervisor; the end of the pipe is the end of both."""
    with suppress(OSError, ValueError):
        for line in sys.stdin.buffer:
            if line.strip() == b"key":
                post.ask()
    stop.set()
    threading.Event().wait(LEAVING)
    os._exit(3)


if __name__ == "__main__":
    main()
