"""The fifteen problems: what is wrong, what the panel says of it, and what the twin does instead."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    rule: str  # The name that the finding has in the panel and in docs/findings/.
    title: str
    wrong: str
    says: str
    instead: str
    problem_files: tuple[str, ...] = ()
    twin_files: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The name of its module in ``problems/cases/``."""
        return self.rule.replace("-", "_")

    def files(self, is_twin: bool) -> list[str]:
        """The files with the code that its page shows, seen from ``problems/``."""
        return [*(self.twin_files if is_twin else self.problem_files), f"cases/{self.module}.py"]


PROBLEMS = [
    Problem(
        "connected-twice",
        "A receiver connected twice",
        "write_receipt is connected by its decorator and once more in AppConfig.ready, so each reader "
        "gets two receipts.",
        "The receiver ran twice in one send, and where it is.",
        "Both connect it under the same dispatch_uid, and the second does nothing.",
    ),
    Problem(
        "sent-twice",
        "The same instance saved again and again",
        "move() saves the card once for each part of the address, and every save calls all the receivers.",
        "post_save was sent twice for one instance, from the line with save().",
        "Change everything first, and save once.",
    ),
    Problem(
        "repeated-send",
        "N+1 sends",
        "A loop saves 200 copies one by one: 200 INSERTs, and pre_save and post_save 200 times each.",
        "How often the line has sent the same signal, and how long that took.",
        "bulk_create, which sends no pre_save: what its receiver did is done beside it.",
    ),
    Problem(
        "queries-in-receiver",
        "N+1 queries in a receiver",
        "write_price_tags asks for the author of each book, one query at a time.",
        "How many queries the receiver ran, and that they are one query over and over.",
        "select_related fetches the authors with the books.",
    ),
    Problem(
        "slow-receiver",
        "A slow receiver",
        "write_invoice draws a PDF while the reader waits for the page.",
        "How long the receiver took, and what share of the request that is.",
        "The receiver only notes the job, and another process does it.",
    ),
    Problem(
        "cascade",
        "A receiver that calls itself",
        "count_words listens to post_save and saves, which sends post_save, which calls count_words.",
        "The receiver ran inside itself, and how often.",
        "In pre_save the instance is only changed: the save that is under way writes it.",
    ),
    Problem(
        "swallowed-exception",
        "An exception that nobody sees",
        "write_reminder fails for readers without an address. send_robust goes on, and the page says "
        "that all is well.",
        "Which exception was swallowed, and in which receiver.",
        "The receiver deals with a missing address itself.",
    ),
    Problem(
        "skipped-receivers",
        "Receivers that never run",
        "thank_finder raises when nobody is to be thanked, so tell_owner and put_on_shelf are not "
        "called at all.",
        "Which receivers did not run, and which one is to blame.",
        "The receiver copes with there being no finder, and the others run.",
    ),
    Problem(
        "thread-hop",
        "Trips to another thread",
        "An async view sends to a sync receiver, and each asend has to take it to a thread and come back.",
        "How many such trips there were, and what they cost.",
        "The receiver is async, and runs where the view does.",
    ),
    Problem(
        "slow-in-transaction",
        "Slow work in a transaction",
        "confirm_loan sends mail inside atomic(), so the transaction stays open, and its locks held, "
        "until the mail is out.",
        "How long the receiver has kept the transaction open.",
        "on_commit puts the mail off until the transaction is over.",
    ),
    Problem(
        "init-receiver",
        "Work for every row",
        "add_fingerprint listens to post_init, which is sent for each row of each query, wanted or not.",
        "For how many rows the receiver ran, and how long that took.",
        "A cached_property is computed for the one book that is asked for it.",
    ),
    Problem(
        "dead-receiver",
        "A receiver that dies",
        "order_more is a function inside a function, and the signal holds it weakly: only a cache of "
        "DEBUG keeps it alive.",
        "That the receiver is gone, or will be where DEBUG is off.",
        "The receiver is a function of its module, which lives as long as the process.",
    ),
    Problem(
        "connected-in-request",
        "One more receiver with each request",
        "The view connects a function made for this request and never disconnects it, so the process "
        "fills up with them.",
        "The line that connects during the request.",
        "The receiver is connected once; what is different each time comes as an argument of the send.",
    ),
    Problem(
        "unheard-send",
        "Sends that nobody hears",
        "page_turned is sent for each of 60,000 pages, and no receiver is connected to it.",
        "How many sends found nobody, and what they cost.",
        "One send when the book has been read.",
    ),
    Problem(
        "handlers-not-imported",
        "Receivers that nobody imports",
        "The app newsletter has its receivers in signals.py, but no AppConfig.ready imports it: new "
        "subscribers get no welcome.",
        "The module that was never imported, and that it has receivers.",
        "The app bookclub is the same, and its AppConfig.ready imports the module.",
        problem_files=("newsletter/apps.py", "newsletter/signals.py"),
        twin_files=("bookclub/apps.py", "bookclub/signals.py"),
    ),
]
