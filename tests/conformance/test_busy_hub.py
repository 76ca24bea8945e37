"""Devices that send as fast as they are acknowledged must not keep the hub from everybody else.

Judged by what others get done meanwhile, not by the clock, so that a slow machine is no failure.
"""

from conftest import PUBLIC_NAME
from harness.hub_process import HubProcess
from harness.load import WINDOW, Changer, Sender
from harness.rest import RestApi
from harness.waiting import eventually

SENDERS = 8
MESSAGES = 20_000
# A sender that is read gets its turn once the others' windows are served; this is twenty times that.
LONGEST_WAIT_IN_MESSAGES = 20 * SENDERS * WINDOW


def test_all_senders_get_their_share(hub: HubProcess, api: RestApi):
    devices = [api.create_device() for _ in range(SENDERS)]
    senders = [Sender(hub, device) for device in devices]
    quiet = api.create_device()
    changer = Changer(RestApi(hub.url, hub.owner, PUBLIC_NAME, keep_alive=False), quiet.device_id)
    try:
        for thread in (*senders, changer):
            thread.start()
        # For each: how often it was answered, and what all senders together had sent when that last changed.
        seen = {thread: (0, 0) for thread in (*senders, changer)}
        longest = dict.fromkeys(seen, 0)

        def look() -> bool:
            assert all(thread.is_alive() for thread in seen), "somebody was dropped"
            total = sum(sender.answered for sender in senders)
            for thread, (answered, since) in seen.items():
                longest[thread] = max(longest[thread], total - since)
                if thread.answered != answered:
                    seen[thread] = (thread.answered, total)
            return total >= MESSAGES and all(thread.answered for thread in seen)

        eventually(look, 120, "everybody is served")
        waits = [longest[sender] for sender in senders]
        assert max(waits) <= LONGEST_WAIT_IN_MESSAGES, f"a device waited while others sent so many messages: {waits}"
        assert longest[changer] <= 2 * LONGEST_WAIT_IN_MESSAGES, f"a request waited while devices sent {longest[changer]} messages"
    finally:
        for thread in (*senders, changer):
            thread.stopped.set()
        for thread in (*senders, changer):
            if thread.ident is not None:
                thread.join(30)
                assert not thread.is_alive()
        for device in (*devices, quiet):
            api.delete_device(device.device_id)
