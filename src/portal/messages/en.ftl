## Everywhere
skip = Skip to the content
language = Language
nav = Sections
nav-devices = Devices
nav-app-passwords = App passwords
nav-history = Activity
nav-sessions = Sessions
nav-console = Console
nav-remembered = Remembered
nav-people = People
nav-own = My sign-in
sign-out = Sign out
help = Need help?
reference = Reference { $what }
cancel = Cancel
save = Save
keep = Keep it
check-again = Check again
start-over = Sign in again
to-start = Back to the start
time-now = just now
time-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
  }
time-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
  }
time-never = Never
browser-unknown = Unknown browser

## Sign in
sign-in-title = Sign in
sign-in-button = Sign in
sign-in-invited = I have an invitation
user-label = User name or e-mail
password-label = Password
notice-away = You were away for a while. Sign in again.
notice-signed-out = You are signed out.
refused-text = That did not work. Check your name and password and try again. If this account has no second step yet, ask for an invitation.
refused-enrol-text = That did not work. Check your name, password and invitation code. An invitation works once and for a limited time: ask for a new one if yours is older.
enrol-title = Set up your second step
enrol-lead = Sign in once with your password and your invitation. Then you add your phone or an app for codes.
enrol-button = Continue
enrol-have-one = I have a second step already
invitation-label = Invitation code
invitation-hint = From your invitation. Leave it empty if you were told that none is needed.
invitation-none = I was told that no code is needed
not-you = Not you?

## Second step: a code
code-title-code = Enter your code
code-title-recovery = Enter a recovery code
code-title-invitation = Enter your invitation code
code-title-number = Enter the number from your phone
code-title-primary = One more question
code-lead-code = Open your authenticator app and type the code it shows.
code-lead-recovery = Type one of the codes you printed. Each works once.
code-lead-invitation = This account has no second step yet. Type the code from your invitation to set one up.
code-lead-number = Your phone shows a number now. Type it here.
code-lead-primary = Answer to go on.
code-label-code = Code
code-label-recovery = Recovery code
code-label-invitation = Invitation code
code-label-number = Number
code-label-primary = Answer
code-again-code = That code did not match. Use the newest one.
code-again-recovery = That code did not match, or it was used before. Try another one.
code-again-invitation = That code did not match. Check it, or ask for a new invitation.
code-again-number = That is another number than the one on your phone.
code-again-primary = That did not work. Try again.
code-button = Continue
code-recovery-hint = A recovery code works here too.
code-use-phone = Send a request to my phone
code-back-to-phone = Back to the request on my phone

## Second step: the phone
waiting-title = Approve on your phone
waiting-test = A request to try { $what }
waiting-number = Open Vestibule on your phone and enter this number.
waiting-number-label = Number { $what }
waiting-no-number = Open Vestibule on your phone and approve the request.
waiting-use-code = Use a code instead
evidence-asking = Asking your phone
evidence-sent = Sent to your phone
evidence-shown = Your phone shows it
evidence-opened = Opened on your phone
evidence-answered = Answered on your phone
evidence-silent = Your phone has not confirmed receipt. Open Vestibule on it, or use a code.
evidence-unreachable = Your phone could not be reached. Open Vestibule on it: the request is there.
unanswered-title = Nobody answered on your phone
unanswered-text = The request is over. Nothing was approved.
unanswered-again = Send again
unanswered-wait = { $count ->
    [one] You can send again in { $count } second.
   *[other] You can send again in { $count } seconds.
  }

## How it may end
ended-denied-title = Denied on your phone
ended-denied-text = This sign-in was denied, so nobody was let in. If that was a slip, sign in again.
ended-reported-title = Reported
ended-reported-text = This sign-in was reported as not yours. Nobody was let in, and requests to your phone rest for a while. Change your password if you did not start it.
ended-wrong-number-title = Another number was entered
ended-wrong-number-text = The number on your phone was not the one shown here. Nobody was let in. Only approve what you see in front of you.
ended-unanswered-title = Nobody answered on your phone
ended-unanswered-text = The request is over. Nothing was approved.
ended-tries-title = Too many tries
ended-tries-text = The codes did not match. Sign in again and use the newest code.
ended-rings-title = Your phone was asked too often
ended-rings-text = Requests to your phone rest for a while. Try again later, or use a code.
ended-locked-title = Locked for a while
ended-locked-text = There were too many failures. Wait, or ask for help.
ended-refused-title = That did not work
ended-refused-text = This sign-in was not let in. Sign in again, or ask for help.
locked-for = { $count ->
    [one] It opens again in { $count } minute.
   *[other] It opens again in { $count } minutes.
  }
trouble-title = We cannot do this right now
trouble-text = Nothing is wrong with your password or your phone. Try again in a moment.
not-there-title = There is nothing here
not-there-text = The page is gone, or it never was.
forged-title = This page was too old
forged-text = The form did not come from an open page of ours. Nothing was changed. Open the page again and retry.
too-large-title = That was too much
too-large-text = What was sent is larger than any form here. Nothing was changed.

## Devices
devices-title = Devices and codes
devices-none = You have no second step yet. Add your phone: it takes a minute.
devices-add-first = Add a device
devices-add = Add another
devices-need-recovery = If your phone is lost, recovery codes get you back in.
devices-make-recovery = Make recovery codes
kind-push = Phone with approval
kind-totp = App for codes
kind-recovery-code = Recovery codes
kind-qr = Phone that scans
kind-passkey = Passkey
kind-external-code = Code from another system
kind-plugin = Other second step
kind-invitation = Invitation
device-preferred = Asked first
device-manage = Manage
device-trouble = This phone could not be reached the last time.
device-silent = This phone does not ring. It sees requests while Vestibule is open on it.
device-tested = It works: your phone was asked and approved.
device-paired = This phone is added. Send it a test request to see it ring.
device-replaces = The new phone works, so { $what } is not needed any more.
device-remove-old = Remove { $what }
device-test-title = Does it ring?
device-test-text = Sends a request that opens nothing.
device-test = Send a test request
device-label-title = Name
device-label = Name
device-prefer-title = Asked first
device-prefer-text = When you sign in, this one is asked before the others.
device-prefer = Ask this one first
device-prefer-not = No preference
device-remove-title = Replace or remove
device-remove-text = Remove what you no longer have. A new phone takes the place of the old one.
device-replace = Replace by a new phone
device-remove = Remove
fact-created = Added
fact-used = Last used
fact-never-used = Never used
fact-shown = Last showed a request
fact-answered = Last answered
fact-codes-left = Codes left:
codes-low = Few codes are left. Make new ones.
done-added = Added. You can use it from now on.
done-removed = Removed. It opens nothing any more.
done-labelled = The name is saved.
done-preferred = Saved. It holds from the next sign-in on.
label-refused = That name cannot be used. Write 1 to 64 characters in one line.
too-many-phones = You have as many phones as there may be. Remove one first.
remove-title = Remove { $what }?
remove-text-push = It can approve nothing any more, and open requests on it are over. To use it again you add it again.
remove-text = It opens nothing any more. To use it again you add it again.
remove-last = This is your last second step. Without it you cannot sign in, and you need an invitation to set up a new one.
again-title = Show that it is you
again-text = This changes how your account is protected, so your second step is asked again.
again-text-console = This changes something for other people, so your second step is asked again.
again-button = Continue

## Adding
add-title = Add a second step
add-phone-title = Your phone
add-phone-text = Approve sign-ins with one touch. You scan a code with the phone's camera.
add-phone-hint = Have the phone at hand. The code works once and for five minutes; show it to nobody.
add-phone-button = Show the code
add-other-title = privacyIDEA Authenticator
add-other-text = If your organisation uses the privacyIDEA Authenticator app, scan with that one instead.
add-other-button = Show the code for privacyIDEA
add-app-title = An app for codes
add-app-text = Works with every authenticator app, without a network.
add-app-button = Set up
add-codes-title = Recovery codes
add-codes-text = Ten codes on paper for the day your phone is lost. Each works once.
add-codes-replace = New codes replace the ones you have.
add-codes-button = Make codes
add-codes-again = Make new codes
scan-title = Scan with your phone
scan-text = Point the phone's camera at this code and open the link.
scan-qr = Code to scan
scan-minutes = { $count ->
    [one] Works for { $count } more minute.
   *[other] Works for { $count } more minutes.
  }
scan-here = I am on the phone already
compare-title = Is this your phone?
compare-text = The phone shows a number too. Are both the same?
compare-no-code = Does the app on the phone list this account now?
compare-yes = Yes, the same
compare-no = No
compare-hint = If they differ, somebody else scanned the code. Answer No and begin again.
pair-over-title = The code is over
pair-over-text = It was used, refused, or its time is up. Nothing was added.
pair-over-again = Begin again
app-title = Set up an app for codes
app-text = Scan this with your authenticator app. Then type the code it shows.
app-key = I cannot scan it
app-code = Code from the app
app-button = Confirm
app-default-label = Authenticator app
app-clock-off = The code is right for another time. Set the clock of the device to automatic and use the newest code.
codes-title = Your recovery codes
codes-text = Print them or write them down now: they are shown only once. Each works once.
codes-print = Print
codes-done = I have them
codes-go-on = I have them, go on

## App passwords
app-passwords-title = App passwords
app-passwords-lead = For programs that know a name and a password and cannot ask for a second step. Each works for one application and for you alone.
app-passwords-none = You have none yet.
app-password-make = Make an app password
app-password-made-at = Made
app-password-never-used = Never used
app-password-idle = This application takes no app passwords at present.
app-password-revoke = Revoke
done-app-password-made = It works from now on.
done-app-password-revoked = Revoked. It opens nothing any more.
app-password-new-text = Give it to one program in place of your password. Whoever has it can use the application as you, without a second step.
app-password-service = Application
app-password-label-hint = What you will know it by: the program or the computer it is for.
app-password-button = Make it
app-password-label-refused = That name cannot be used. Write 1 to 40 characters in one line.
app-password-too-many = You have as many app passwords as there may be. Revoke one first.
app-password-made-title = Your app password
app-password-made-text = Put it into the program now: it is shown only once. The user name stays the same.
app-password-copy = Copy
app-password-copied = Copied.
app-password-have-it = I have it
app-password-revoke-title = Revoke { $what }?
app-password-revoke-text = The program that uses it can no longer sign in to { $what }. To let it in again, make a new one.

## Activity
history-title = Activity
history-lead = What happened with your account, newest first.
history-none = Nothing yet.
not-me = That was not me
service-portal = these pages
service-test = a test request
detail-address = From { $what }
detail-remembered = Place remembered
event-signed-in = Signed in to { $what }
event-signed-in-app-password = Signed in to { $what } with the app password { $where }
event-refused = Sign-in to { $what } was refused: { $where }
event-refused-unknown = Sign-in to { $what } was refused
event-reported = Reported as not yours: { $what }
event-withheld = Your phone was not asked for { $what }, because it was asked too often
event-session-started = A session began on these pages
event-session-ended = A session on these pages ended
event-added = Added: { $what } ({ $where })
event-added-kind = Added: { $what }
event-tested = You tried your phone: it was asked and approved
event-removed = A device was removed ({ $what })
event-confirmed = A new device was confirmed
event-changed = A device was changed
event-app-password-made = The app password { $what } was made for { $where }
event-app-password-revoked = The app password { $what } for { $where } was revoked
event-invited = You were invited to set up a second step
event-unlocked = A lock was lifted
event-session-ended-by-administrator = An administrator ended a session on these pages
event-app-password-revoked-by-administrator = An administrator revoked the app password { $what } for { $where }
event-forgotten-by-administrator = An administrator took back where you were remembered: your second step is asked for again
reason-password = the password was wrong
reason-code = the code was wrong
reason-denied = denied on the phone
reason-reported = reported on the phone
reason-number = another number was entered
reason-unanswered = nobody answered
reason-locked = locked after too many failures
reason-pushes = the phone was asked too often
reason-not-enrolled = there was no second step for it
reason-not-allowed = not allowed
reason-gone = it was given up
disown-title = That was not you?
disown-text = You say that somebody else signed in to { $what }. This will happen:
disown-sessions = All sessions and remembered places of your account end, this one too.
disown-phones = Open requests on your phones end, and no new ones come for a while.
disown-app-password = The app password { $what } is revoked.
disown-told = Your administrator sees the report.
disown-button = That was not me
disowned-title = Reported
disowned-done = All sessions and remembered places of your account were ended, and your administrator sees the report.
disowned-next = Change your password now. Then sign in again and remove every device and every app password that is not yours.

## Sessions
sessions-title = Where you are signed in
session-this = This one
session-began = Began
session-seen = Last active
session-end = End this session
sessions-end-others = End all other sessions
places-title = Remembered places
places-text = Here you are not asked again for a while.
place-repeats = Signs in by itself from { $what }
place-until = until
place-forget = Forget

## Console
console-lacks-a-step = You last used a recovery code. You can look at everything and change nothing. To act, give another second step: sign out and in again.
remembered-title = Remembered
remembered-lead = Where somebody is not asked for the second step, and until when.
remembered-search = Person or place
remembered-only = Only { $what } is shown.
remembered-everybody = Show everybody
remembered-none = Nobody is remembered anywhere: the second step is asked for at every sign-in that needs one.
remembered-none-fit = Nothing that is remembered fits this filter.
remembered-all = Show all
remembered-count = { $count ->
    [one] { $count } entry
   *[other] { $count } entries
  }
trust-repeats = Repeated sign-in
trust-station = Remembered place
choose-all = All
filter-button = Filter
export-csv = Export CSV
column-select = Selection
column-act = What you can do
column-person = Person
column-service = Application
column-station = From
column-kind = Kind
column-factor = Second step
column-since = Since
column-until = Until
column-seen = Last seen
column-browser = Browser
row-select = Select { $who } at { $what } from { $where }
forget-selected = Forget selected
forget-all = { $count ->
    [one] Forget this entry
   *[other] Forget all { $count } entries
  }
page-before = Previous page
page-after = Next page
page-of = Page { $what } of { $where }
page-number = Page { $what }
people-title = People
people-search = Name or e-mail
people-button = Search
people-none = Nobody has a name like that.
person-account = Signs in as
person-mail = E-mail
person-groups = Groups
person-state = State
person-enabled = May sign in
person-disabled = Disabled
person-created = Known since
person-last-login = Last sign-in
person-devices = Devices and codes
device-confirmed = Confirmed
device-unconfirmed = Not confirmed yet
person-no-remembered = This person is remembered nowhere.
person-no-devices = This person has no second step.
person-no-app-passwords = This person has no app passwords.
person-no-sessions = This person is not signed in to these pages.
person-forget-all = Forget all of this person
end-button = End
end-all = End all sessions
forget-title = { $count ->
    [one] Forget one entry?
   *[other] Forget { $count } entries?
  }
forget-line = { $who } is asked for the second step again at { $what } from { $where }.
forget-button = Forget
revoke-line = The program in which { $who } uses { $what } can no longer sign in to { $where }.
end-title = { $count ->
    [one] End one session?
   *[other] End { $count } sessions?
  }
end-line = { $who } is signed out of these pages in { $what } at { $where }.
confirm-back = Back
confirm-what = This will happen:
confirm-more = { $count ->
    [one] And the same for { $count } more.
   *[other] And the same for { $count } more.
  }
confirm-left = { $count ->
    [one] { $count } entry is left for another time: this is as much as is done at once.
   *[other] { $count } entries are left for another time: this is as much as is done at once.
  }
reason-label = Reason
reason-hint = It stands in the audit log beside your name. At most 200 characters.
reason-refused = Nothing was done. Write a reason of 1 to 200 characters in one line.
done-forgotten = Forgotten. The second step is asked for again.
done-partly-over = Forgotten. Some of it was over already.
done-over = That was over already. Nothing was changed.
done-nothing = Nothing was selected.
done-revoked = Revoked. It opens nothing any more.
done-ended = Ended. Whoever used it has to sign in again.
