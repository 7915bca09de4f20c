## Everywhere
skip = Vai al contenuto
language = Lingua
nav = Sezioni
nav-devices = Dispositivi
nav-app-passwords = Password per app
nav-history = Attività
nav-sessions = Sessioni
nav-console = Console
nav-remembered = Ricordati
nav-people = Persone
nav-own = Il mio accesso
sign-out = Esci
help = Serve aiuto?
reference = Riferimento { $what }
cancel = Annulla
save = Salva
keep = Conserva
check-again = Controlla di nuovo
start-over = Accedi di nuovo
to-start = Torna all'inizio
time-now = proprio ora
time-minutes = { $count ->
    [one] { $count } minuto fa
   *[other] { $count } minuti fa
  }
time-hours = { $count ->
    [one] { $count } ora fa
   *[other] { $count } ore fa
  }
time-never = Mai
browser-unknown = Browser sconosciuto

## Sign in
sign-in-title = Accedi
sign-in-button = Accedi
sign-in-invited = Ho un invito
user-label = Nome utente o e-mail
password-label = Password
notice-away = Sei rimasto inattivo per un po'. Accedi di nuovo.
notice-signed-out = Hai effettuato l'uscita.
refused-text = Non ha funzionato. Controlla nome e password e riprova. Se questo account non ha ancora un secondo passaggio, chiedi un invito.
refused-enrol-text = Non ha funzionato. Controlla nome, password e codice d'invito. Un invito vale una sola volta e per un tempo limitato: se il tuo è più vecchio, chiedine uno nuovo.
enrol-title = Configura il secondo passaggio
enrol-lead = Accedi una volta con la password e l'invito. Poi aggiungi il telefono o un'app per i codici.
enrol-button = Continua
enrol-have-one = Ho già un secondo passaggio
invitation-label = Codice d'invito
invitation-hint = Dal tuo invito. Lascialo vuoto se ti è stato detto che non serve.
invitation-none = Mi è stato detto che non serve un codice
not-you = Non sei tu?

## Second step: a code
code-title-code = Inserisci il codice
code-title-recovery = Inserisci un codice di recupero
code-title-invitation = Inserisci il codice d'invito
code-title-number = Inserisci il numero del telefono
code-title-primary = Ancora una domanda
code-lead-code = Apri la tua app di autenticazione e digita il codice che mostra.
code-lead-recovery = Digita uno dei codici che hai stampato. Ciascuno vale una volta.
code-lead-invitation = Questo account non ha ancora un secondo passaggio. Digita il codice del tuo invito per configurarne uno.
code-lead-number = Ora il telefono mostra un numero. Digitalo qui.
code-lead-primary = Rispondi per continuare.
code-label-code = Codice
code-label-recovery = Codice di recupero
code-label-invitation = Codice d'invito
code-label-number = Numero
code-label-primary = Risposta
code-again-code = Il codice non corrisponde. Usa il più recente.
code-again-recovery = Il codice non corrisponde o è già stato usato. Provane un altro.
code-again-invitation = Il codice non corrisponde. Controllalo o chiedi un nuovo invito.
code-again-number = È un numero diverso da quello sul telefono.
code-again-primary = Non ha funzionato. Riprova.
code-button = Continua
code-recovery-hint = Qui funziona anche un codice di recupero.
code-use-phone = Invia una richiesta al mio telefono
code-back-to-phone = Torna alla richiesta sul telefono

## Second step: the phone
waiting-title = Approva sul telefono
waiting-test = Una richiesta per provare { $what }
waiting-number = Apri Vestibule sul telefono e inserisci questo numero.
waiting-number-label = Numero { $what }
waiting-no-number = Apri Vestibule sul telefono e approva la richiesta.
waiting-use-code = Usa invece un codice
evidence-asking = Richiesta al telefono in corso
evidence-sent = Inviata al telefono
evidence-shown = Il telefono la mostra
evidence-opened = Aperta sul telefono
evidence-answered = Risposta data sul telefono
evidence-silent = Il telefono non ha confermato la ricezione. Apri Vestibule sul telefono o usa un codice.
evidence-unreachable = Non è stato possibile raggiungere il telefono. Apri Vestibule: la richiesta è lì.
unanswered-title = Nessuno ha risposto sul telefono
unanswered-text = La richiesta è terminata. Nulla è stato approvato.
unanswered-again = Invia di nuovo
unanswered-wait = { $count ->
    [one] Puoi inviare di nuovo tra { $count } secondo.
   *[other] Puoi inviare di nuovo tra { $count } secondi.
  }

## How it may end
ended-denied-title = Rifiutato sul telefono
ended-denied-text = Questo accesso è stato rifiutato e nessuno è entrato. Se è stato per sbaglio, accedi di nuovo.
ended-reported-title = Segnalato
ended-reported-text = Questo accesso è stato segnalato come non tuo. Nessuno è entrato e le richieste al telefono si fermano per un po'. Se non l'hai avviato tu, cambia la password.
ended-wrong-number-title = È stato inserito un altro numero
ended-wrong-number-text = Il numero sul telefono non era quello mostrato qui. Nessuno è entrato. Approva solo ciò che vedi davanti a te.
ended-unanswered-title = Nessuno ha risposto sul telefono
ended-unanswered-text = La richiesta è terminata. Nulla è stato approvato.
ended-tries-title = Troppi tentativi
ended-tries-text = I codici non corrispondevano. Accedi di nuovo e usa il codice più recente.
ended-rings-title = Troppe richieste al telefono
ended-rings-text = Le richieste al telefono si fermano per un po'. Riprova più tardi o usa un codice.
ended-locked-title = Bloccato per un po'
ended-locked-text = Ci sono stati troppi errori. Aspetta o chiedi aiuto.
ended-refused-title = Non ha funzionato
ended-refused-text = Questo accesso non è stato ammesso. Accedi di nuovo o chiedi aiuto.
locked-for = { $count ->
    [one] Si riapre tra { $count } minuto.
   *[other] Si riapre tra { $count } minuti.
  }
trouble-title = Al momento non è possibile
trouble-text = La password e il telefono vanno bene. Riprova tra un momento.
not-there-title = Qui non c'è nulla
not-there-text = La pagina non c'è più, o non c'è mai stata.
forged-title = Questa pagina era troppo vecchia
forged-text = Il modulo non veniva da una nostra pagina aperta. Nulla è stato cambiato. Riapri la pagina e riprova.
too-large-title = Era troppo
too-large-text = Ciò che è stato inviato è più grande di ogni modulo qui. Nulla è stato cambiato.

## Devices
devices-title = Dispositivi e codici
devices-none = Non hai ancora un secondo passaggio. Aggiungi il telefono: basta un minuto.
devices-add-first = Aggiungi un dispositivo
devices-add = Aggiungine un altro
devices-need-recovery = Se perdi il telefono, rientri con i codici di recupero.
devices-make-recovery = Crea codici di recupero
kind-push = Telefono con approvazione
kind-totp = App per i codici
kind-recovery-code = Codici di recupero
kind-qr = Telefono che scansiona
kind-passkey = Passkey
kind-external-code = Codice di un altro sistema
kind-plugin = Altro secondo passaggio
kind-invitation = Invito
device-preferred = Chiesto per primo
device-manage = Gestisci
device-trouble = L'ultima volta non è stato possibile raggiungere questo telefono.
device-silent = Questo telefono non squilla. Vede le richieste mentre Vestibule è aperto.
device-tested = Funziona: la richiesta è arrivata al telefono ed è stata approvata.
device-paired = Il telefono è stato aggiunto. Inviagli una richiesta di prova per vedere se squilla.
device-replaces = Il nuovo telefono funziona: { $what } non serve più.
device-remove-old = Rimuovi { $what }
device-test-title = Squilla?
device-test-text = Invia una richiesta che non apre nulla.
device-test = Invia una richiesta di prova
device-label-title = Nome
device-label = Nome
device-prefer-title = Chiesto per primo
device-prefer-text = Quando accedi, questo viene chiesto prima degli altri.
device-prefer = Chiedi questo per primo
device-prefer-not = Nessuna preferenza
device-remove-title = Sostituisci o rimuovi
device-remove-text = Rimuovi ciò che non hai più. Un nuovo telefono prende il posto del vecchio.
device-replace = Sostituisci con un nuovo telefono
device-remove = Rimuovi
fact-created = Aggiunto
fact-used = Ultimo uso
fact-never-used = Mai usato
fact-shown = Ultima richiesta mostrata
fact-answered = Ultima risposta
fact-codes-left = Codici rimasti:
codes-low = Restano pochi codici. Creane di nuovi.
done-added = Aggiunto. Puoi usarlo da subito.
done-removed = Rimosso. Non apre più nulla.
done-labelled = Il nome è salvato.
done-preferred = Salvato. Vale dal prossimo accesso.
label-refused = Questo nome non va bene. Scrivi da 1 a 64 caratteri su una riga.
too-many-phones = Hai tutti i telefoni che si possono avere. Rimuovine prima uno.
remove-title = Rimuovere { $what }?
remove-text-push = Non può più approvare nulla e le richieste aperte terminano. Per usarlo ancora devi aggiungerlo di nuovo.
remove-text = Non apre più nulla. Per usarlo ancora devi aggiungerlo di nuovo.
remove-last = È il tuo ultimo secondo passaggio. Senza non puoi accedere e ti serve un invito per configurarne uno nuovo.
again-title = Dimostra che sei tu
again-text = Questo cambia la protezione del tuo account, perciò il secondo passaggio viene chiesto di nuovo.
again-text-console = Questo cambia qualcosa per altre persone, perciò il secondo passaggio viene chiesto di nuovo.
again-button = Continua

## Adding
add-title = Aggiungi un secondo passaggio
add-phone-title = Il tuo telefono
add-phone-text = Approva gli accessi con un tocco. Scansioni un codice con la fotocamera del telefono.
add-phone-hint = Tieni il telefono a portata di mano. Il codice vale una volta e per cinque minuti; non mostrarlo a nessuno.
add-phone-button = Mostra il codice
add-other-title = privacyIDEA Authenticator
add-other-text = Se la tua organizzazione usa l'app privacyIDEA Authenticator, scansiona invece con quella.
add-other-button = Mostra il codice per privacyIDEA
add-app-title = Un'app per i codici
add-app-text = Funziona con ogni app di autenticazione, anche senza rete.
add-app-button = Configura
add-codes-title = Codici di recupero
add-codes-text = Dieci codici su carta per il giorno in cui perdi il telefono. Ciascuno vale una volta.
add-codes-replace = I nuovi codici sostituiscono quelli che hai.
add-codes-button = Crea codici
add-codes-again = Crea nuovi codici
scan-title = Scansiona con il telefono
scan-text = Inquadra questo codice con la fotocamera del telefono e apri il link.
scan-qr = Codice da scansionare
scan-minutes = { $count ->
    [one] Vale ancora { $count } minuto.
   *[other] Vale ancora { $count } minuti.
  }
scan-here = Sono già sul telefono
compare-title = È il tuo telefono?
compare-text = Anche il telefono mostra un numero. Sono uguali?
compare-no-code = L'app sul telefono elenca ora questo account?
compare-yes = Sì, uguali
compare-no = No
compare-hint = Se sono diversi, il codice l'ha scansionato qualcun altro. Rispondi No e ricomincia.
pair-over-title = Il codice è scaduto
pair-over-text = È stato usato, rifiutato, o il tempo è finito. Nulla è stato aggiunto.
pair-over-again = Ricomincia
app-title = Configura un'app per i codici
app-text = Scansiona questo con la tua app di autenticazione. Poi digita il codice che mostra.
app-key = Non posso scansionarlo
app-code = Codice dell'app
app-button = Conferma
app-default-label = App di autenticazione
app-clock-off = Il codice vale per un'altra ora. Imposta l'orologio del dispositivo su automatico e usa il codice più recente.
codes-title = I tuoi codici di recupero
codes-text = Stampali o scrivili adesso: vengono mostrati una sola volta. Ciascuno vale una volta.
codes-print = Stampa
codes-done = Li ho
codes-go-on = Li ho, continua

## App passwords
app-passwords-title = Password per app
app-passwords-lead = Per i programmi che conoscono solo nome e password e non possono chiedere un secondo passaggio. Ciascuna vale per un'applicazione e solo per te.
app-passwords-none = Non ne hai ancora.
app-password-make = Crea una password per app
app-password-made-at = Creata
app-password-never-used = Mai usata
app-password-idle = Al momento questa applicazione non accetta password per app.
app-password-revoke = Revoca
done-app-password-made = Vale da subito.
done-app-password-revoked = Revocata. Non apre più nulla.
app-password-new-text = Dalla a un solo programma al posto della tua password. Chi ce l'ha può usare l'applicazione a tuo nome, senza secondo passaggio.
app-password-service = Applicazione
app-password-label-hint = Per riconoscerla: il programma o il computer a cui è destinata.
app-password-button = Crea
app-password-label-refused = Questo nome non va bene. Scrivi da 1 a 40 caratteri su una riga.
app-password-too-many = Hai tutte le password per app che si possono avere. Revocane prima una.
app-password-made-title = La tua password per app
app-password-made-text = Inseriscila subito nel programma: viene mostrata una sola volta. Il nome utente resta lo stesso.
app-password-copy = Copia
app-password-copied = Copiata.
app-password-have-it = Ce l'ho
app-password-revoke-title = Revocare { $what }?
app-password-revoke-text = Il programma che la usa non può più accedere a { $what }. Per farlo rientrare ne crei una nuova.

## Activity
history-title = Attività
history-lead = Ciò che è successo con il tuo account, dal più recente.
history-none = Ancora nulla.
not-me = Non ero io
service-portal = queste pagine
service-test = una richiesta di prova
detail-address = Da { $what }
detail-remembered = Luogo ricordato
event-signed-in = Accesso a { $what }
event-signed-in-app-password = Accesso a { $what } con la password per app { $where }
event-refused = Accesso a { $what } rifiutato: { $where }
event-refused-unknown = Accesso a { $what } rifiutato
event-reported = Segnalato come non tuo: { $what }
event-withheld = Nessuna richiesta al telefono per { $what }, perché ce ne sono state troppe
event-session-started = È iniziata una sessione su queste pagine
event-session-ended = È terminata una sessione su queste pagine
event-added = Aggiunto: { $what } ({ $where })
event-added-kind = Aggiunto: { $what }
event-tested = Hai provato il telefono: ha ricevuto la richiesta e ha approvato
event-removed = Un dispositivo è stato rimosso ({ $what })
event-confirmed = Un nuovo dispositivo è stato confermato
event-changed = Un dispositivo è stato cambiato
event-app-password-made = È stata creata la password per app { $what } per { $where }
event-app-password-revoked = È stata revocata la password per app { $what } per { $where }
event-invited = Hai ricevuto un invito a configurare un secondo passaggio
event-unlocked = Un blocco è stato tolto
event-session-ended-by-administrator = Un amministratore ha terminato una sessione su queste pagine
event-app-password-revoked-by-administrator = Un amministratore ha revocato la password per app { $what } per { $where }
event-forgotten-by-administrator = Un amministratore ha revocato i luoghi in cui eri ricordato: il secondo passaggio ti viene chiesto di nuovo
reason-password = la password era errata
reason-code = il codice era errato
reason-denied = rifiutato sul telefono
reason-reported = segnalato sul telefono
reason-number = è stato inserito un altro numero
reason-unanswered = nessuno ha risposto
reason-locked = bloccato dopo troppi errori
reason-pushes = troppe richieste al telefono
reason-not-enrolled = non c'era un secondo passaggio adatto
reason-not-allowed = non consentito
reason-gone = è stato abbandonato
disown-title = Non eri tu?
disown-text = Dici che qualcun altro ha effettuato l'accesso a { $what }. Ecco cosa succede:
disown-sessions = Tutte le sessioni e i luoghi ricordati del tuo account terminano, anche questa sessione.
disown-phones = Le richieste aperte sui tuoi telefoni terminano e per un po' non ne arrivano altre.
disown-app-password = La password per app { $what } viene revocata.
disown-told = Gli amministratori vedono la segnalazione.
disown-button = Non ero io
disowned-title = Segnalato
disowned-done = Tutte le sessioni e i luoghi ricordati del tuo account sono terminati e gli amministratori vedono la segnalazione.
disowned-next = Cambia subito la password. Poi accedi di nuovo e rimuovi ogni dispositivo e ogni password per app che non siano tuoi.

## Sessions
sessions-title = Dove hai effettuato l'accesso
session-this = Questa
session-began = Iniziata
session-seen = Ultima attività
session-end = Termina questa sessione
sessions-end-others = Termina tutte le altre sessioni
places-title = Luoghi ricordati
places-text = Qui per un po' non ti viene chiesto di nuovo.
place-repeats = Accede da sé da { $what }
place-until = fino al
place-forget = Dimentica

## Console
console-lacks-a-step = L'ultima cosa che hai usato è un codice di recupero. Puoi vedere tutto e non cambiare nulla. Per intervenire usa un altro secondo passaggio: esci e accedi di nuovo.
remembered-title = Ricordati
remembered-lead = Dove a qualcuno non viene chiesto il secondo passaggio, e fino a quando.
remembered-search = Persona o luogo
remembered-only = Si vede solo { $what }.
remembered-everybody = Mostra tutti
remembered-none = Nessuno è ricordato da nessuna parte: il secondo passaggio viene chiesto a ogni accesso che lo richiede.
remembered-none-fit = Nulla di ricordato corrisponde a questo filtro.
remembered-all = Mostra tutto
remembered-count = { $count ->
    [one] { $count } voce
   *[other] { $count } voci
  }
trust-repeats = Accesso ripetuto
trust-station = Luogo ricordato
choose-all = Tutti
filter-button = Filtra
export-csv = Esporta CSV
column-select = Selezione
column-act = Che cosa puoi fare
column-person = Persona
column-service = Applicazione
column-station = Da
column-kind = Tipo
column-factor = Secondo passaggio
column-since = Inizio
column-until = Fino al
column-seen = Visto l'ultima volta
column-browser = Browser
row-select = Seleziona { $who } su { $what } da { $where }
forget-selected = Dimentica la selezione
forget-all = { $count ->
    [one] Dimentica questa voce
   *[other] Dimentica tutte le { $count } voci
  }
page-before = Pagina precedente
page-after = Pagina successiva
page-of = Pagina { $what } di { $where }
page-number = Pagina { $what }
people-title = Persone
people-search = Nome o e-mail
people-button = Cerca
people-none = Nessuno ha un nome simile.
person-account = Accede come
person-mail = E-mail
person-groups = Gruppi
person-state = Stato
person-enabled = Può accedere
person-disabled = Disattivato
person-created = Prima volta
person-last-login = Ultimo accesso
person-devices = Dispositivi e codici
device-confirmed = Confermato
device-unconfirmed = Non ancora confermato
person-no-remembered = Questa persona non è ricordata da nessuna parte.
person-no-devices = Questa persona non ha un secondo passaggio.
person-no-app-passwords = Questa persona non ha password per app.
person-no-sessions = Questa persona non ha effettuato l'accesso a queste pagine.
person-forget-all = Dimentica tutto di questa persona
end-button = Termina
end-all = Termina tutte le sessioni
forget-title = { $count ->
    [one] Dimenticare una voce?
   *[other] Dimenticare { $count } voci?
  }
forget-line = A { $who } viene chiesto di nuovo il secondo passaggio su { $what } da { $where }.
forget-button = Dimentica
revoke-line = Il programma in cui { $who } usa { $what } non può più accedere a { $where }.
end-title = { $count ->
    [one] Terminare una sessione?
   *[other] Terminare { $count } sessioni?
  }
end-line = { $who } viene disconnesso da queste pagine in { $what } da { $where }.
confirm-back = Indietro
confirm-what = Ecco che cosa succederà:
confirm-more = { $count ->
    [one] E lo stesso per un'altra ({ $count }).
   *[other] E lo stesso per altre { $count }.
  }
confirm-left = { $count ->
    [one] Resta { $count } voce per un'altra volta: di più non si fa in una volta.
   *[other] Restano { $count } voci per un'altra volta: di più non si fa in una volta.
  }
reason-label = Motivo
reason-hint = Compare nel registro di controllo accanto al tuo nome. Al massimo 200 caratteri.
reason-refused = Non è stato fatto nulla. Scrivi un motivo da 1 a 200 caratteri su una riga.
done-forgotten = Dimenticato. Il secondo passaggio viene chiesto di nuovo.
done-partly-over = Dimenticato. Una parte era già finita.
done-over = Era già finito. Non è stato cambiato nulla.
done-nothing = Non era selezionato nulla.
done-revoked = Revocata. Non apre più nulla.
done-ended = Terminata. Chi la usava deve accedere di nuovo.
