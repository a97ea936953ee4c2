"""Why a bucket doesn't do as it is told, for whoever runs the service: what is wrong, and the setting that mends it.

obstore has an error of its own for few of them; the others are told by what its text says of the cause. That text names
host and bucket, and so is never passed on.
"""

from pipeline.content.errors import AWAY

NO_BUCKET = "status code: 404"  # to a request that asks for no object
_REASONS = (
    (
        "BadScheme",
        "The bucket's endpoint is on plain http://, which only SMELT_S3_ALLOW_HTTP=true lets through.",
    ),
    ("/latest/api/token", "No credentials for the bucket are set, such as AWS_ACCESS_KEY_ID."),
    ("invalid peer certificate", "The certificate of the bucket's endpoint isn't trusted here."),
    ("failed to lookup address", "The host of the bucket's endpoint can't be found: see AWS_ENDPOINT_URL."),
    ("kind: Connect", "Nothing answers at the bucket's endpoint: see AWS_ENDPOINT_URL."),
    ("kind: Timeout", "The bucket's endpoint doesn't answer in time."),
    (NO_BUCKET, "There is no such bucket at the endpoint: see SMELT_CONTENT_URL and AWS_ENDPOINT_URL."),
    ("status code: 401", "The bucket's credentials are refused."),
    (
        "status code: 403",
        "The bucket's credentials are refused, or don't let objects be put, read, listed or deleted.",
    ),
    ("status code: 5", "The bucket's endpoint answers with an error of its own."),
)


def reason(error: Exception) -> str:
    said = str(error)
    return next((words for mark, words in _REASONS if mark in said), AWAY)
