"""Prints what happens at $SYNOD_URL, one line each, until it is told to end. Run by client.test.ts.

$SYNOD_WISHES: options of connect, as JSON. $SYNOD_STALL: a file; the first event waits until it exists.
"""

import json
import os
import pathlib
import time

from semp_sdk import SEMPClient

client = SEMPClient(os.environ["SYNOD_URL"], token=os.environ.get("SYNOD_TOKEN"))
stall = os.environ.get("SYNOD_STALL")


@client.on("open")
def opened():
    print("open")


@client.on("close")
def closed(facts):
    print("close", facts["reconnecting"])


@client.on("lagged")
def lagged(dropped):
    print("lagged", dropped)


@client.on("event")
def heard(event):
    print("event", event["id"], event["agent_id"])
    while stall and not pathlib.Path(stall).exists():
        time.sleep(0.01)


if os.environ.get("SYNOD_SIGNALS"):

    @client.on("signal")
    def moved(signal):
        print("signal", signal["pattern"], round(signal["strength"], 2))


client.on("error", lambda error: None)  # While the server is away there is one a second.
client.connect(**json.loads(os.environ.get("SYNOD_WISHES", "{}")))
