"""A Twilio-compatible telephone exchange on loopback: the embedded default, and what tests talk to.

`python -m notifications.exchange --port 8001` runs it. It answers the part of Twilio's API that the official
client needs for messages and calls, rings the demo city's phones on a page, interprets TwiML and signs its
callbacks. It knows nothing of cases: to the rest of the product it is a provider like any other, reached by
HTTP alone.
"""
