"""What a POST asks for, once its body has been read: whether its caller may, and whether it can be done."""

from api.errors import ApiError, Code, Fault, FaultCode, refusal
from api.smelts.options import Form, SmeltOptions, read_options
from api.smelts.precheck import Post
from api.smelts.upload import Intake
from db.accounts.webhook_secrets import has_secret
from pipeline.net.webhook_url import BadUrl, parse
from pipeline.settings import Settings
from pipeline.speakers.models import HOW_TO_GET_THEM, may_be_asked_for
from pipeline.speech.translation import translates
from pipeline.states import Channels, InputType, SmeltMode, SpeechTask, Tier

NO_TRANSLATION = "The speech model here doesn't translate: Whisper's multilingual ones do, except `turbo`."


def checked_options(post: Post, intake: Intake) -> SmeltOptions:
    """Raises ApiError: anything that is wrong with what was sent, all of it named."""
    form = intake.form
    parts_are_fine = not form.faults
    options = read_options(form)
    if not post.limits.combine and options.mode is SmeltMode.COMBINE:
        raise ApiError(Code.SIGN_IN_REQUIRED, "Sign in to combine.")
    if not post.limits.own_prompts and form.one("user_prompt_id") is not None:
        raise ApiError(Code.SIGN_IN_REQUIRED, "Sign in to use prompts of your own.")
    if not intake.parts and parts_are_fine:
        form.faults.append(
            Fault(FaultCode.MISSING, "Send at least one of `files` or `texts`.", field="files")
        )
    elif parts_are_fine and options.prompts == 0 and not form.faults and not _has_audio(intake):
        form.faults.append(
            Fault(
                FaultCode.MISSING,
                "Choose at least one prompt; only recordings need none.",
                "default_prompt_names",
            )
        )
    if (
        options.user_prompt_id is not None
        and not post.shared.settings.has_llm
        and post.tier is not Tier.OWN_KEY
    ):
        detail = "No language model is set up here, so only the default prompts can be applied."
        form.faults.append(Fault(Code.PROMPT_NEEDS_MODEL, detail, field="user_prompt_id"))
    if options.task is SpeechTask.TRANSLATE and not may_translate(post.shared.settings):
        form.faults.append(Fault(Code.TRANSLATION_UNAVAILABLE, NO_TRANSLATION, field="task"))
    _check_speakers(post, form, options)
    if options.webhook_url is not None:
        _check_webhook(post, form, options.webhook_url)
    if form.faults:
        raise refusal(form.faults)
    return options


def may_translate(settings: Settings) -> bool:
    """Where that can't be told here, the worker tells."""
    return translates(settings.whisper_model) is not False


def _check_speakers(post: Post, form: Form, options: SmeltOptions) -> None:
    least, most = options.min_speakers, options.max_speakers
    for name, bound in (("min_speakers", least), ("max_speakers", most)):
        if bound is not None and not options.speakers:
            form.bad(name, "Only with `speakers=true`.")
    if least is not None and most is not None and least > most:
        form.bad("max_speakers", "Must not be less than `min_speakers`.")
    if options.speakers and options.channels is Channels.SEPARATE:
        form.bad("speakers", "With `channels=separate` each channel is a speaker: leave this out.")
    elif options.speakers and not may_be_asked_for(post.shared.settings.speaker_models):
        form.faults.append(Fault(Code.SPEAKERS_UNAVAILABLE, HOW_TO_GET_THEM, field="speakers"))


def _check_webhook(post: Post, form: Form, url: str) -> None:
    """What can be told without asking the resolver. Raises ApiError `sign_in_required`."""
    if post.caller.user_id is None:
        raise ApiError(Code.SIGN_IN_REQUIRED, "Sign in to have webhooks sent.")
    try:
        parse(url, post.shared.webhook_networks)
    except BadUrl as bad:
        form.bad("webhook_url", str(bad))
        return
    with post.shared.database.service() as conn:
        if not has_secret(conn, post.caller.user_id):
            form.bad("webhook_url", "Make a secret first, at POST /v1/webhook-secret: webhooks are signed.")


def _has_audio(intake: Intake) -> bool:
    return any(received.kind.input_type is InputType.AUDIO for received in intake.received)
