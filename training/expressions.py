"""The expressions and their order: the one place in Python.

The order is the FER-2013 challenge's own (its labels 0 to 6); every network here answers in it,
and the model's card repeats it for the app.
"""

EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

# FER+ asked ten people per picture. Its columns, in the order of its own table:
VOTES = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "nf",  # no face
)

# Where each expression's votes are found among those columns.
VOTE_OF_EXPRESSION = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}

VOTE_COLUMNS = [VOTES.index(VOTE_OF_EXPRESSION[name]) for name in EXPRESSIONS]
