"""mekiki on the command line: every verb, no logic of its own.

Data goes to standard output, messages to standard error. Exit codes: 0 ok, 1 failure, 2 usage or
configuration, 3 something outside failed, 4 partly done.
"""

import click

from console.verbs import Verb, Verbs

VERBS = (
    Verb("init", "setup:init", "Write a complete, commented configuration to FILE (default mekiki.toml)."),
    Verb("config", "setup:config_group", "Check and show the configuration."),
    Verb(
        "crawl",
        "finding:crawl",
        "Visit the sources once, judge what they show, store it, and leave alerts in the outbox.",
    ),
    Verb(
        "import",
        "finding:import_tips",
        "Read what people sent in, judge it and keep it: CSV, mails, mailboxes, screenshots, Item JSON lines, folders.",
    ),
    Verb(
        "sources",
        "sources:sources_group",
        "Show how every source is: its state, its last good run, what it gave, what is missing.",
    ),
    Verb(
        "score",
        "finding:score",
        "Score a stream: Item JSON lines, hosts or URLs in, Verdict JSON lines out, in the same order.",
    ),
    Verb(
        "scan", "finding:scan", "Judge one URL, host, file (picture, HTML, Item JSON, text) or sentence, and say why."
    ),
    Verb(
        "seen",
        "seen:seen",
        "Say what was seen before that looks or reads like TARGET: items, their cases, and what people decided.",
    ),
    Verb("watch", "finding:watch", "Run the sources by their schedules and send alerts and reminders, until stopped."),
    Verb(
        "status",
        "status:status",
        "Say whether all is well, what waits for whom, and what to type next; exit code 4 when somebody has to look.",
    ),
    Verb(
        "worker",
        "queue:worker",
        "Take jobs from the queue in PostgreSQL, beside any number of others on any machine, until stopped.",
    ),
    Verb("queue", "queue:queue", "See what workers have to do, and what they gave up."),
    Verb("serve", "board:serve_command", "Show the board in a browser: a wall of what was found, cases, figures."),
    Verb("account", "board:account_group", "Who may sign in to the board, and in which role."),
    Verb(
        "visit",
        "visiting:visit",
        "Follow each of TARGETS, URLs, numbers of cases or ids of items, as every visitor, and show what each saw.",
    ),
    Verb("verify", "evidence:verify", "Check offline that all evidence is there, unchanged, and name what is not."),
    Verb("cases", "triage:cases", "Look at what was flagged."),
    Verb(
        "triage",
        "triage:triage",
        "Walk the cases that wait for a person, one screen each, with single keys; `?` tells them.",
    ),
    Verb("judge", "judging:judge", "Write down what a person decided about each CASE."),
    Verb(
        "takedown",
        "takedown:takedown_group",
        "Have a confirmed case taken down: who can do it, what they ask for, what was sent, what became of it.",
    ),
    Verb(
        "share",
        "share:share_group",
        "Hand what is known of confirmed cases to others; a profile decides what leaves, by default nothing of people.",
    ),
    Verb(
        "register",
        "register:register_group",
        "Look at who may use a brand because somebody judged so, beside the [[ownership]] of the configuration.",
    ),
    Verb(
        "explain", "measuring:explain", "Replay a stored verdict from its evidence, and say what would have changed it."
    ),
    Verb(
        "evaluate",
        "measuring:evaluate",
        "Measure the verdicts on labelled Item JSON, or, without FILE, on your own judgements.",
    ),
    Verb(
        "calibrate",
        "measuring:calibrate",
        "Fit the weights to your own judgements, or to labelled Item JSON, and show what that changes.",
    ),
    Verb("logos", "looking:logos_group", "Try the eye for logos on pictures in hand."),
    Verb("alerts", "telling:alerts", "See, send and repeat alerts."),
    Verb(
        "report",
        "reporting:report",
        "Say what was found in a period and what became of it, for management and the team.",
    ),
    Verb("db", "database:db", "Look after the database."),
    Verb("doctor", "setup:doctor", "Check the installation, and the configuration if there is one."),
    Verb(
        "demo",
        "demo:demo",
        "Crawl a small world on this machine with planted frauds, and show what mekiki makes of it.",
    ),
)


@click.group(
    cls=Verbs,
    commands=VERBS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="mekiki", prog_name="mekiki")
def main() -> None:
    """Find ads, posts, pages and domains that impersonate your brand, see why, and tell the right people.

    Start with `mekiki demo`, then `mekiki init`.
    """


if __name__ == "__main__":
    main()
