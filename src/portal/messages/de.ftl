## Everywhere
skip = Zum Inhalt springen
language = Sprache
nav = Bereiche
nav-devices = Geräte
nav-app-passwords = App-Passwörter
nav-history = Aktivität
nav-sessions = Sitzungen
nav-console = Konsole
nav-remembered = Gemerkt
nav-people = Personen
nav-own = Meine Anmeldung
sign-out = Abmelden
help = Brauchen Sie Hilfe?
reference = Referenz { $what }
cancel = Abbrechen
save = Speichern
keep = Behalten
check-again = Noch einmal nachsehen
start-over = Neu anmelden
to-start = Zurück zum Anfang
time-now = gerade eben
time-minutes = { $count ->
    [one] vor { $count } Minute
   *[other] vor { $count } Minuten
  }
time-hours = { $count ->
    [one] vor { $count } Stunde
   *[other] vor { $count } Stunden
  }
time-never = Nie
browser-unknown = Unbekannter Browser

## Sign in
sign-in-title = Anmelden
sign-in-button = Anmelden
sign-in-invited = Ich habe eine Einladung
user-label = Benutzername oder E-Mail
password-label = Passwort
notice-away = Sie waren eine Weile weg. Melden Sie sich neu an.
notice-signed-out = Sie sind abgemeldet.
refused-text = Das hat nicht geklappt. Prüfen Sie Name und Passwort und versuchen Sie es noch einmal. Hat dieses Konto noch keinen zweiten Schritt, fragen Sie nach einer Einladung.
refused-enrol-text = Das hat nicht geklappt. Prüfen Sie Name, Passwort und Einladungscode. Eine Einladung gilt einmal und nur für begrenzte Zeit: Fragen Sie nach einer neuen, wenn Ihre älter ist.
enrol-title = Zweiten Schritt einrichten
enrol-lead = Melden Sie sich einmal mit Passwort und Einladung an. Danach fügen Sie Ihr Telefon oder eine App für Codes hinzu.
enrol-button = Weiter
enrol-have-one = Ich habe schon einen zweiten Schritt
invitation-label = Einladungscode
invitation-hint = Aus Ihrer Einladung. Lassen Sie das Feld leer, wenn man Ihnen gesagt hat, dass keiner nötig ist.
invitation-none = Mir wurde gesagt, dass kein Code nötig ist
not-you = Nicht Sie?

## Second step: a code
code-title-code = Code eingeben
code-title-recovery = Wiederherstellungs­code eingeben
code-title-invitation = Einladungscode eingeben
code-title-number = Zahl vom Telefon eingeben
code-title-primary = Noch eine Frage
code-lead-code = Öffnen Sie Ihre Authenticator-App und tippen Sie den Code ein, den sie zeigt.
code-lead-recovery = Tippen Sie einen der Codes ein, die Sie ausgedruckt haben. Jeder gilt einmal.
code-lead-invitation = Dieses Konto hat noch keinen zweiten Schritt. Tippen Sie den Code aus Ihrer Einladung ein, um einen einzurichten.
code-lead-number = Ihr Telefon zeigt jetzt eine Zahl. Tippen Sie sie hier ein.
code-lead-primary = Antworten Sie, um fortzufahren.
code-label-code = Code
code-label-recovery = Wiederherstellungscode
code-label-invitation = Einladungscode
code-label-number = Zahl
code-label-primary = Antwort
code-again-code = Dieser Code hat nicht gepasst. Nehmen Sie den neuesten.
code-again-recovery = Dieser Code hat nicht gepasst oder wurde schon benutzt. Versuchen Sie einen anderen.
code-again-invitation = Dieser Code hat nicht gepasst. Prüfen Sie ihn oder fragen Sie nach einer neuen Einladung.
code-again-number = Das ist eine andere Zahl als die auf Ihrem Telefon.
code-again-primary = Das hat nicht geklappt. Versuchen Sie es noch einmal.
code-button = Weiter
code-recovery-hint = Ein Wiederherstellungscode geht hier auch.
code-use-phone = Anfrage an mein Telefon senden
code-back-to-phone = Zurück zur Anfrage auf meinem Telefon

## Second step: the phone
waiting-title = Auf dem Telefon genehmigen
waiting-test = Eine Anfrage zum Ausprobieren von { $what }
waiting-number = Öffnen Sie Vestibule auf Ihrem Telefon und geben Sie diese Zahl ein.
waiting-number-label = Zahl { $what }
waiting-no-number = Öffnen Sie Vestibule auf Ihrem Telefon und genehmigen Sie die Anfrage.
waiting-use-code = Stattdessen einen Code eingeben
evidence-asking = Ihr Telefon wird gefragt
evidence-sent = An Ihr Telefon gesendet
evidence-shown = Ihr Telefon zeigt die Anfrage
evidence-opened = Auf Ihrem Telefon geöffnet
evidence-answered = Auf Ihrem Telefon beantwortet
evidence-silent = Ihr Telefon hat den Empfang nicht bestätigt. Öffnen Sie Vestibule darauf oder nehmen Sie einen Code.
evidence-unreachable = Ihr Telefon war nicht zu erreichen. Öffnen Sie Vestibule darauf: Die Anfrage ist dort.
unanswered-title = Niemand hat auf dem Telefon geantwortet
unanswered-text = Die Anfrage ist vorbei. Nichts wurde genehmigt.
unanswered-again = Noch einmal senden
unanswered-wait = { $count ->
    [one] In { $count } Sekunde können Sie noch einmal senden.
   *[other] In { $count } Sekunden können Sie noch einmal senden.
  }

## How it may end
ended-denied-title = Auf dem Telefon abgelehnt
ended-denied-text = Diese Anmeldung wurde abgelehnt, niemand wurde eingelassen. War das ein Versehen, melden Sie sich neu an.
ended-reported-title = Gemeldet
ended-reported-text = Diese Anmeldung wurde als fremd gemeldet. Niemand wurde eingelassen, und Anfragen an Ihr Telefon ruhen eine Weile. Ändern Sie Ihr Passwort, wenn Sie sie nicht begonnen haben.
ended-wrong-number-title = Eine andere Zahl wurde eingegeben
ended-wrong-number-text = Die Zahl auf Ihrem Telefon war nicht die von hier. Niemand wurde eingelassen. Genehmigen Sie nur, was Sie vor sich sehen.
ended-unanswered-title = Niemand hat auf dem Telefon geantwortet
ended-unanswered-text = Die Anfrage ist vorbei. Nichts wurde genehmigt.
ended-tries-title = Zu viele Versuche
ended-tries-text = Die Codes haben nicht gepasst. Melden Sie sich neu an und nehmen Sie den neuesten Code.
ended-rings-title = Ihr Telefon wurde zu oft gefragt
ended-rings-text = Anfragen an Ihr Telefon ruhen eine Weile. Versuchen Sie es später oder nehmen Sie einen Code.
ended-locked-title = Für eine Weile gesperrt
ended-locked-text = Es gab zu viele Fehlversuche. Warten Sie oder fragen Sie um Hilfe.
ended-refused-title = Das hat nicht geklappt
ended-refused-text = Diese Anmeldung wurde nicht eingelassen. Melden Sie sich neu an oder fragen Sie um Hilfe.
locked-for = { $count ->
    [one] In { $count } Minute geht es wieder.
   *[other] In { $count } Minuten geht es wieder.
  }
trouble-title = Das geht gerade nicht
trouble-text = Mit Ihrem Passwort und Ihrem Telefon ist alles in Ordnung. Versuchen Sie es gleich noch einmal.
not-there-title = Hier ist nichts
not-there-text = Die Seite gibt es nicht mehr, oder es gab sie nie.
forged-title = Diese Seite war zu alt
forged-text = Das Formular kam nicht von einer offenen Seite von uns. Nichts wurde geändert. Öffnen Sie die Seite neu und versuchen Sie es noch einmal.
too-large-title = Das war zu viel
too-large-text = Gesendet wurde mehr, als ein Formular hier fasst. Nichts wurde geändert.

## Devices
devices-title = Geräte und Codes
devices-none = Sie haben noch keinen zweiten Schritt. Fügen Sie Ihr Telefon hinzu: Es dauert eine Minute.
devices-add-first = Gerät hinzufügen
devices-add = Weiteres hinzufügen
devices-need-recovery = Geht Ihr Telefon verloren, kommen Sie mit Wiederherstellungscodes wieder hinein.
devices-make-recovery = Wiederherstellungscodes erstellen
kind-push = Telefon mit Genehmigung
kind-totp = App für Codes
kind-recovery-code = Wiederherstellungscodes
kind-qr = Telefon, das scannt
kind-passkey = Passkey
kind-external-code = Code aus einem anderen System
kind-plugin = Anderer zweiter Schritt
kind-invitation = Einladung
device-preferred = Wird zuerst gefragt
device-manage = Verwalten
device-trouble = Dieses Telefon war beim letzten Mal nicht zu erreichen.
device-silent = Dieses Telefon klingelt nicht. Es sieht Anfragen, solange Vestibule darauf offen ist.
device-tested = Es funktioniert: Ihr Telefon wurde gefragt und hat genehmigt.
device-paired = Dieses Telefon ist hinzugefügt. Senden Sie ihm eine Probeanfrage und sehen Sie, ob es klingelt.
device-replaces = Das neue Telefon funktioniert, { $what } wird nicht mehr gebraucht.
device-remove-old = { $what } entfernen
device-test-title = Klingelt es?
device-test-text = Sendet eine Anfrage, die nichts öffnet.
device-test = Probeanfrage senden
device-label-title = Name
device-label = Name
device-prefer-title = Zuerst gefragt
device-prefer-text = Wenn Sie sich anmelden, wird dieses vor den anderen gefragt.
device-prefer = Dieses zuerst fragen
device-prefer-not = Keine Vorliebe
device-remove-title = Ersetzen oder entfernen
device-remove-text = Entfernen Sie, was Sie nicht mehr haben. Ein neues Telefon tritt an die Stelle des alten.
device-replace = Durch ein neues Telefon ersetzen
device-remove = Entfernen
fact-created = Hinzugefügt
fact-used = Zuletzt benutzt
fact-never-used = Nie benutzt
fact-shown = Zeigte zuletzt eine Anfrage
fact-answered = Zuletzt geantwortet
fact-codes-left = Codes übrig:
codes-low = Nur noch wenige Codes sind übrig. Erstellen Sie neue.
done-added = Hinzugefügt. Sie können es ab jetzt benutzen.
done-removed = Entfernt. Es öffnet nichts mehr.
done-labelled = Der Name ist gespeichert.
done-preferred = Gespeichert. Es gilt ab der nächsten Anmeldung.
label-refused = Dieser Name geht nicht. Schreiben Sie 1 bis 64 Zeichen in einer Zeile.
too-many-phones = Sie haben so viele Telefone, wie es sein dürfen. Entfernen Sie zuerst eines.
remove-title = { $what } entfernen?
remove-text-push = Es kann nichts mehr genehmigen, und offene Anfragen darauf sind vorbei. Um es wieder zu benutzen, fügen Sie es neu hinzu.
remove-text = Es öffnet nichts mehr. Um es wieder zu benutzen, fügen Sie es neu hinzu.
remove-last = Das ist Ihr letzter zweiter Schritt. Ohne ihn können Sie sich nicht anmelden und brauchen eine Einladung, um einen neuen einzurichten.
again-title = Zeigen Sie, dass Sie es sind
again-text = Das ändert, wie Ihr Konto geschützt ist, darum wird noch einmal nach Ihrem zweiten Schritt gefragt.
again-text-console = Das ändert etwas für andere Personen, darum wird noch einmal nach Ihrem zweiten Schritt gefragt.
again-button = Weiter

## Adding
add-title = Zweiten Schritt hinzufügen
add-phone-title = Ihr Telefon
add-phone-text = Genehmigen Sie Anmeldungen mit einem Tipp. Sie scannen einen Code mit der Kamera des Telefons.
add-phone-hint = Halten Sie das Telefon bereit. Der Code gilt einmal und fünf Minuten lang; zeigen Sie ihn niemandem.
add-phone-button = Code zeigen
add-other-title = privacyIDEA Authenticator
add-other-text = Nutzt Ihre Organisation die App privacyIDEA Authenticator, scannen Sie stattdessen mit ihr.
add-other-button = Code für privacyIDEA zeigen
add-app-title = Eine App für Codes
add-app-text = Geht mit jeder Authenticator-App, ohne Netz.
add-app-button = Einrichten
add-codes-title = Wiederherstellungs­codes
add-codes-text = Zehn Codes auf Papier für den Tag, an dem Ihr Telefon fehlt. Jeder gilt einmal.
add-codes-replace = Neue Codes ersetzen die, die Sie haben.
add-codes-button = Codes erstellen
add-codes-again = Neue Codes erstellen
scan-title = Mit dem Telefon scannen
scan-text = Richten Sie die Kamera des Telefons auf diesen Code und öffnen Sie den Link.
scan-qr = Code zum Scannen
scan-minutes = { $count ->
    [one] Gilt noch { $count } Minute.
   *[other] Gilt noch { $count } Minuten.
  }
scan-here = Ich bin schon auf dem Telefon
compare-title = Ist das Ihr Telefon?
compare-text = Das Telefon zeigt auch eine Zahl. Sind beide gleich?
compare-no-code = Zeigt die App auf dem Telefon dieses Konto jetzt an?
compare-yes = Ja, gleich
compare-no = Nein
compare-hint = Sind sie verschieden, hat jemand anderes den Code gescannt. Antworten Sie Nein und beginnen Sie neu.
pair-over-title = Der Code ist vorbei
pair-over-text = Er wurde benutzt, abgelehnt, oder seine Zeit ist um. Nichts wurde hinzugefügt.
pair-over-again = Neu beginnen
app-title = App für Codes einrichten
app-text = Scannen Sie das mit Ihrer Authenticator-App. Tippen Sie dann den Code ein, den sie zeigt.
app-key = Ich kann nicht scannen
app-code = Code aus der App
app-button = Bestätigen
app-default-label = Authenticator-App
app-clock-off = Der Code passt zu einer anderen Zeit. Stellen Sie die Uhr des Geräts auf automatisch und nehmen Sie den neuesten Code.
codes-title = Ihre Wiederherstellungs­codes
codes-text = Drucken Sie sie jetzt aus oder schreiben Sie sie auf: Sie werden nur einmal gezeigt. Jeder gilt einmal.
codes-print = Drucken
codes-done = Ich habe sie
codes-go-on = Ich habe sie, weiter

## App passwords
app-passwords-title = App-Passwörter
app-passwords-lead = Für Programme, die nur Name und Passwort kennen und nach keinem zweiten Schritt fragen können. Jedes gilt für eine Anwendung und nur für Sie.
app-passwords-none = Sie haben noch keines.
app-password-make = App-Passwort erstellen
app-password-made-at = Erstellt
app-password-never-used = Nie benutzt
app-password-idle = Diese Anwendung nimmt zurzeit keine App-Passwörter an.
app-password-revoke = Widerrufen
done-app-password-made = Es gilt ab jetzt.
done-app-password-revoked = Widerrufen. Es öffnet nichts mehr.
app-password-new-text = Geben Sie es einem Programm anstelle Ihres Passworts. Wer es hat, kann die Anwendung in Ihrem Namen benutzen, ohne zweiten Schritt.
app-password-service = Anwendung
app-password-label-hint = Woran Sie es erkennen: das Programm oder der Computer, für den es ist.
app-password-button = Erstellen
app-password-label-refused = Dieser Name geht nicht. Schreiben Sie 1 bis 40 Zeichen in einer Zeile.
app-password-too-many = Sie haben so viele App-Passwörter, wie es sein dürfen. Widerrufen Sie zuerst eines.
app-password-made-title = Ihr App-Passwort
app-password-made-text = Tragen Sie es jetzt in das Programm ein: Es wird nur einmal gezeigt. Der Benutzername bleibt derselbe.
app-password-copy = Kopieren
app-password-copied = Kopiert.
app-password-have-it = Ich habe es
app-password-revoke-title = { $what } widerrufen?
app-password-revoke-text = Das Programm, das es benutzt, kann sich nicht mehr bei { $what } anmelden. Um es wieder einzulassen, erstellen Sie ein neues.

## Activity
history-title = Aktivität
history-lead = Was mit Ihrem Konto geschah, das Neueste zuerst.
history-none = Noch nichts.
not-me = Das war ich nicht
service-portal = diesen Seiten
service-test = einer Probeanfrage
detail-address = Von { $what }
detail-remembered = Ort gemerkt
event-signed-in = Angemeldet bei { $what }
event-signed-in-app-password = Angemeldet bei { $what } mit dem App-Passwort { $where }
event-refused = Anmeldung bei { $what } abgelehnt: { $where }
event-refused-unknown = Anmeldung bei { $what } abgelehnt
event-reported = Als fremd gemeldet: { $what }
event-withheld = Ihr Telefon wurde für { $what } nicht gefragt, weil es zu oft gefragt wurde
event-session-started = Eine Sitzung auf diesen Seiten begann
event-session-ended = Eine Sitzung auf diesen Seiten endete
event-added = Hinzugefügt: { $what } ({ $where })
event-added-kind = Hinzugefügt: { $what }
event-tested = Sie haben Ihr Telefon ausprobiert: Es wurde gefragt und hat genehmigt
event-removed = Ein Gerät wurde entfernt ({ $what })
event-confirmed = Ein neues Gerät wurde bestätigt
event-changed = Ein Gerät wurde geändert
event-app-password-made = Das App-Passwort { $what } wurde für { $where } erstellt
event-app-password-revoked = Das App-Passwort { $what } für { $where } wurde widerrufen
event-invited = Sie wurden eingeladen, einen zweiten Schritt einzurichten
event-unlocked = Eine Sperre wurde aufgehoben
event-session-ended-by-administrator = Ein Administrator hat eine Sitzung auf diesen Seiten beendet
event-app-password-revoked-by-administrator = Ein Administrator hat das App-Passwort { $what } für { $where } widerrufen
event-forgotten-by-administrator = Ein Administrator hat zurückgenommen, wo Sie gemerkt waren: Nach Ihrem zweiten Schritt wird wieder gefragt
reason-password = das Passwort war falsch
reason-code = der Code war falsch
reason-denied = auf dem Telefon abgelehnt
reason-reported = auf dem Telefon gemeldet
reason-number = eine andere Zahl wurde eingegeben
reason-unanswered = niemand hat geantwortet
reason-locked = nach zu vielen Fehlversuchen gesperrt
reason-pushes = das Telefon wurde zu oft gefragt
reason-not-enrolled = es gab keinen zweiten Schritt dafür
reason-not-allowed = nicht erlaubt
reason-gone = abgebrochen
disown-title = Das waren Sie nicht?
disown-text = Sie sagen, dass sich jemand anderes bei { $what } angemeldet hat. Das wird geschehen:
disown-sessions = Alle Sitzungen und gemerkten Orte Ihres Kontos enden, auch diese Sitzung.
disown-phones = Offene Anfragen auf Ihren Telefonen enden, und eine Weile kommen keine neuen.
disown-app-password = Das App-Passwort { $what } wird widerrufen.
disown-told = Ihre Administratoren sehen die Meldung.
disown-button = Das war ich nicht
disowned-title = Gemeldet
disowned-done = Alle Sitzungen und gemerkten Orte Ihres Kontos wurden beendet, und Ihre Administratoren sehen die Meldung.
disowned-next = Ändern Sie jetzt Ihr Passwort. Melden Sie sich dann neu an und entfernen Sie jedes Gerät und jedes App-Passwort, das nicht Ihres ist.

## Sessions
sessions-title = Wo Sie angemeldet sind
session-this = Diese hier
session-began = Begonnen
session-seen = Zuletzt aktiv
session-end = Diese Sitzung beenden
sessions-end-others = Alle anderen Sitzungen beenden
places-title = Gemerkte Orte
places-text = Hier werden Sie eine Weile nicht noch einmal gefragt.
place-repeats = Meldet sich von selbst an von { $what },
place-until = bis
place-forget = Vergessen

## Console
console-lacks-a-step = Zuletzt haben Sie einen Wiederherstellungscode verwendet. Sie können alles ansehen und nichts ändern. Um einzugreifen, geben Sie einen anderen zweiten Schritt: melden Sie sich ab und wieder an.
remembered-title = Gemerkt
remembered-lead = Wo jemand nicht nach dem zweiten Schritt gefragt wird, und bis wann.
remembered-search = Person oder Ort
remembered-only = Nur { $what } wird gezeigt.
remembered-everybody = Alle zeigen
remembered-none = Niemand ist irgendwo gemerkt: Bei jeder Anmeldung, die einen zweiten Schritt braucht, wird danach gefragt.
remembered-none-fit = Nichts Gemerktes passt zu diesem Filter.
remembered-all = Alles zeigen
remembered-count = { $count ->
    [one] { $count } Eintrag
   *[other] { $count } Einträge
  }
trust-repeats = Wiederholte Anmeldung
trust-station = Gemerkter Ort
choose-all = Alle
filter-button = Filtern
export-csv = CSV exportieren
column-select = Auswahl
column-act = Was Sie tun können
column-person = Person
column-service = Anwendung
column-station = Von
column-kind = Art
column-factor = Zweiter Schritt
column-since = Seit
column-until = Bis
column-seen = Zuletzt gesehen
column-browser = Browser
row-select = { $who } bei { $what } von { $where } auswählen
forget-selected = Auswahl vergessen
forget-all = { $count ->
    [one] Diesen Eintrag vergessen
   *[other] Alle { $count } Einträge vergessen
  }
page-before = Vorige Seite
page-after = Nächste Seite
page-of = Seite { $what } von { $where }
page-number = Seite { $what }
people-title = Personen
people-search = Name oder E-Mail
people-button = Suchen
people-none = Niemand heißt so.
person-account = Meldet sich an als
person-mail = E-Mail
person-groups = Gruppen
person-state = Zustand
person-enabled = Darf sich anmelden
person-disabled = Deaktiviert
person-created = Bekannt seit
person-last-login = Letzte Anmeldung
person-devices = Geräte und Codes
device-confirmed = Bestätigt
device-unconfirmed = Noch nicht bestätigt
person-no-remembered = Diese Person ist nirgends gemerkt.
person-no-devices = Diese Person hat keinen zweiten Schritt.
person-no-app-passwords = Diese Person hat keine App-Passwörter.
person-no-sessions = Diese Person ist auf diesen Seiten nicht angemeldet.
person-forget-all = Alles dieser Person vergessen
end-button = Beenden
end-all = Alle Sitzungen beenden
forget-title = { $count ->
    [one] Einen Eintrag vergessen?
   *[other] { $count } Einträge vergessen?
  }
forget-line = { $who } wird bei { $what } von { $where } wieder nach dem zweiten Schritt gefragt.
forget-button = Vergessen
revoke-line = Das Programm, in dem { $who } { $what } benutzt, kann sich bei { $where } nicht mehr anmelden.
end-title = { $count ->
    [one] Eine Sitzung beenden?
   *[other] { $count } Sitzungen beenden?
  }
end-line = { $who } wird auf diesen Seiten abgemeldet, in { $what } bei { $where }.
confirm-back = Zurück
confirm-what = Das wird geschehen:
confirm-more = { $count ->
    [one] Und dasselbe für { $count } weiteren.
   *[other] Und dasselbe für { $count } weitere.
  }
confirm-left = { $count ->
    [one] { $count } Eintrag bleibt für ein anderes Mal: Mehr wird nicht auf einmal getan.
   *[other] { $count } Einträge bleiben für ein anderes Mal: Mehr wird nicht auf einmal getan.
  }
reason-label = Grund
reason-hint = Er steht im Prüfprotokoll neben Ihrem Namen. Höchstens 200 Zeichen.
reason-refused = Es wurde nichts getan. Schreiben Sie einen Grund von 1 bis 200 Zeichen in eine Zeile.
done-forgotten = Vergessen. Nach dem zweiten Schritt wird wieder gefragt.
done-partly-over = Vergessen. Einiges davon war schon vorbei.
done-over = Das war schon vorbei. Es wurde nichts geändert.
done-nothing = Nichts war ausgewählt.
done-revoked = Widerrufen. Es öffnet nichts mehr.
done-ended = Beendet. Wer sie benutzte, muss sich neu anmelden.
