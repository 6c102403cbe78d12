"""A stand-in for WeChat's servers, with a phone in the browser (微信沙箱).

It plays the Official Account and Mini Program platforms over HTTP, pushes signed and encrypted
callbacks, and gives tests a control API. It knows nothing of the product and imports none of it.
"""
