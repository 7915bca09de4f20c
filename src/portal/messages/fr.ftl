## Everywhere
skip = Aller au contenu
language = Langue
nav = Rubriques
nav-devices = Appareils
nav-app-passwords = Mots de passe d'appli
nav-history = Activité
nav-sessions = Sessions
nav-console = Console
nav-remembered = Mémorisés
nav-people = Personnes
nav-own = Ma connexion
sign-out = Se déconnecter
help = Besoin d'aide ?
reference = Référence { $what }
cancel = Annuler
save = Enregistrer
keep = Conserver
check-again = Vérifier à nouveau
start-over = Se connecter à nouveau
to-start = Retour au début
time-now = à l'instant
time-minutes = { $count ->
    [one] il y a { $count } minute
   *[other] il y a { $count } minutes
  }
time-hours = { $count ->
    [one] il y a { $count } heure
   *[other] il y a { $count } heures
  }
time-never = Jamais
browser-unknown = Navigateur inconnu

## Sign in
sign-in-title = Connexion
sign-in-button = Se connecter
sign-in-invited = J'ai une invitation
user-label = Nom d'utilisateur ou e-mail
password-label = Mot de passe
notice-away = Vous étiez absent un moment. Connectez-vous à nouveau.
notice-signed-out = Vous êtes déconnecté.
refused-text = Cela n'a pas fonctionné. Vérifiez le nom et le mot de passe et réessayez. Si ce compte n'a pas encore de deuxième étape, demandez une invitation.
refused-enrol-text = Cela n'a pas fonctionné. Vérifiez le nom, le mot de passe et le code d'invitation. Une invitation sert une seule fois et pour un temps limité : demandez-en une nouvelle si la vôtre est plus ancienne.
enrol-title = Configurer votre deuxième étape
enrol-lead = Connectez-vous une fois avec votre mot de passe et votre invitation. Ensuite, vous ajoutez votre téléphone ou une application de codes.
enrol-button = Continuer
enrol-have-one = J'ai déjà une deuxième étape
invitation-label = Code d'invitation
invitation-hint = Il se trouve dans votre invitation. Laissez vide si on vous a dit qu'aucun n'est nécessaire.
invitation-none = On m'a dit qu'aucun code n'est nécessaire
not-you = Ce n'est pas vous ?

## Second step: a code
code-title-code = Saisissez votre code
code-title-recovery = Saisissez un code de secours
code-title-invitation = Saisissez votre code d'invitation
code-title-number = Saisissez le nombre de votre téléphone
code-title-primary = Encore une question
code-lead-code = Ouvrez votre application d'authentification et tapez le code qu'elle affiche.
code-lead-recovery = Tapez l'un des codes que vous avez imprimés. Chacun sert une fois.
code-lead-invitation = Ce compte n'a pas encore de deuxième étape. Tapez le code de votre invitation pour en configurer une.
code-lead-number = Votre téléphone affiche maintenant un nombre. Tapez-le ici.
code-lead-primary = Répondez pour continuer.
code-label-code = Code
code-label-recovery = Code de secours
code-label-invitation = Code d'invitation
code-label-number = Nombre
code-label-primary = Réponse
code-again-code = Ce code ne correspond pas. Utilisez le plus récent.
code-again-recovery = Ce code ne correspond pas ou a déjà servi. Essayez-en un autre.
code-again-invitation = Ce code ne correspond pas. Vérifiez-le ou demandez une nouvelle invitation.
code-again-number = Ce n'est pas le nombre affiché sur votre téléphone.
code-again-primary = Cela n'a pas fonctionné. Réessayez.
code-button = Continuer
code-recovery-hint = Un code de secours fonctionne aussi ici.
code-use-phone = Envoyer une demande à mon téléphone
code-back-to-phone = Retour à la demande sur mon téléphone

## Second step: the phone
waiting-title = Approuvez sur votre téléphone
waiting-test = Une demande pour essayer { $what }
waiting-number = Ouvrez Vestibule sur votre téléphone et saisissez ce nombre.
waiting-number-label = Nombre { $what }
waiting-no-number = Ouvrez Vestibule sur votre téléphone et approuvez la demande.
waiting-use-code = Utiliser plutôt un code
evidence-asking = Demande en cours
evidence-sent = Envoyée à votre téléphone
evidence-shown = Votre téléphone l'affiche
evidence-opened = Ouverte sur votre téléphone
evidence-answered = Réponse donnée sur votre téléphone
evidence-silent = Votre téléphone n'a pas confirmé la réception. Ouvrez Vestibule sur le téléphone ou utilisez un code.
evidence-unreachable = Votre téléphone est injoignable. Ouvrez Vestibule : la demande s'y trouve.
unanswered-title = Personne n'a répondu sur votre téléphone
unanswered-text = La demande est terminée. Rien n'a été approuvé.
unanswered-again = Envoyer à nouveau
unanswered-wait = { $count ->
    [one] Nouvel envoi possible dans { $count } seconde.
   *[other] Nouvel envoi possible dans { $count } secondes.
  }

## How it may end
ended-denied-title = Refusée sur votre téléphone
ended-denied-text = Cette connexion a été refusée, personne n'est entré. Si c'était une erreur, connectez-vous à nouveau.
ended-reported-title = Signalée
ended-reported-text = Cette connexion a été signalée comme n'étant pas la vôtre. Personne n'est entré et les demandes à votre téléphone s'arrêtent un moment. Changez votre mot de passe si vous ne l'avez pas commencée.
ended-wrong-number-title = Un autre nombre a été saisi
ended-wrong-number-text = Le nombre sur votre téléphone n'était pas celui affiché ici. Personne n'est entré. N'approuvez que ce que vous avez sous les yeux.
ended-unanswered-title = Personne n'a répondu sur votre téléphone
ended-unanswered-text = La demande est terminée. Rien n'a été approuvé.
ended-tries-title = Trop d'essais
ended-tries-text = Les codes ne correspondaient pas. Connectez-vous à nouveau et utilisez le code le plus récent.
ended-rings-title = Trop de demandes à votre téléphone
ended-rings-text = Les demandes à votre téléphone s'arrêtent un moment. Réessayez plus tard ou utilisez un code.
ended-locked-title = Bloqué pour un moment
ended-locked-text = Il y a eu trop d'échecs. Attendez ou demandez de l'aide.
ended-refused-title = Cela n'a pas fonctionné
ended-refused-text = Cette connexion n'a pas été admise. Connectez-vous à nouveau ou demandez de l'aide.
locked-for = { $count ->
    [one] Cela rouvre dans { $count } minute.
   *[other] Cela rouvre dans { $count } minutes.
  }
trouble-title = Ce n'est pas possible en ce moment
trouble-text = Votre mot de passe et votre téléphone ne sont pas en cause. Réessayez dans un instant.
not-there-title = Il n'y a rien ici
not-there-text = La page n'existe plus, ou n'a jamais existé.
forged-title = Cette page était trop ancienne
forged-text = Le formulaire ne venait pas d'une de nos pages ouvertes. Rien n'a été changé. Rouvrez la page et réessayez.
too-large-title = C'était trop
too-large-text = L'envoi dépasse la taille de tous nos formulaires. Rien n'a été changé.

## Devices
devices-title = Appareils et codes
devices-none = Vous n'avez pas encore de deuxième étape. Ajoutez votre téléphone : cela prend une minute.
devices-add-first = Ajouter un appareil
devices-add = Ajouter autre chose
devices-need-recovery = Si vous perdez votre téléphone, les codes de secours vous ouvrent à nouveau.
devices-make-recovery = Créer des codes de secours
kind-push = Téléphone avec approbation
kind-totp = Application de codes
kind-recovery-code = Codes de secours
kind-qr = Téléphone qui scanne
kind-passkey = Passkey
kind-external-code = Code d'un autre système
kind-plugin = Autre deuxième étape
kind-invitation = Invitation
device-preferred = Demandé en premier
device-manage = Gérer
device-trouble = Ce téléphone était injoignable la dernière fois.
device-silent = Ce téléphone ne sonne pas. Il voit les demandes tant que Vestibule y est ouvert.
device-tested = Cela fonctionne : votre téléphone a reçu la demande et l'a approuvée.
device-paired = Ce téléphone est ajouté. Envoyez-lui une demande d'essai pour le voir sonner.
device-replaces = Le nouveau téléphone fonctionne : { $what } ne sert plus.
device-remove-old = Retirer { $what }
device-test-title = Est-ce qu'il sonne ?
device-test-text = Envoie une demande qui n'ouvre rien.
device-test = Envoyer une demande d'essai
device-label-title = Nom
device-label = Nom
device-prefer-title = Demandé en premier
device-prefer-text = Lors d'une connexion, celui-ci est demandé avant les autres.
device-prefer = Demander celui-ci en premier
device-prefer-not = Sans préférence
device-remove-title = Remplacer ou retirer
device-remove-text = Retirez ce que vous n'avez plus. Un nouveau téléphone prend la place de l'ancien.
device-replace = Remplacer par un nouveau téléphone
device-remove = Retirer
fact-created = Ajouté
fact-used = Dernier usage
fact-never-used = Jamais utilisé
fact-shown = Dernière demande affichée
fact-answered = Dernière réponse
fact-codes-left = Codes restants :
codes-low = Il reste peu de codes. Créez-en de nouveaux.
done-added = Ajouté. Vous pouvez l'utiliser dès maintenant.
done-removed = Retiré. Cela n'ouvre plus rien.
done-labelled = Le nom est enregistré.
done-preferred = Enregistré. Cela vaut dès la prochaine connexion.
label-refused = Ce nom ne convient pas. Écrivez de 1 à 64 caractères sur une ligne.
too-many-phones = Vous avez autant de téléphones que possible. Retirez-en un d'abord.
remove-title = Retirer { $what } ?
remove-text-push = Il ne peut plus rien approuver et ses demandes ouvertes sont terminées. Pour l'utiliser encore, ajoutez-le à nouveau.
remove-text = Cela n'ouvre plus rien. Pour l'utiliser encore, ajoutez-le à nouveau.
remove-last = C'est votre dernière deuxième étape. Sans elle, vous ne pouvez plus vous connecter et il vous faut une invitation pour en configurer une autre.
again-title = Montrez que c'est vous
again-text = Ceci change la protection de votre compte, votre deuxième étape est donc demandée à nouveau.
again-text-console = Ceci change quelque chose pour d'autres personnes, votre deuxième étape est donc demandée à nouveau.
again-button = Continuer

## Adding
add-title = Ajouter une deuxième étape
add-phone-title = Votre téléphone
add-phone-text = Approuvez les connexions d'un geste. Vous scannez un code avec l'appareil photo du téléphone.
add-phone-hint = Gardez le téléphone à portée de main. Le code sert une fois, pendant cinq minutes ; ne le montrez à personne.
add-phone-button = Afficher le code
add-other-title = privacyIDEA Authenticator
add-other-text = Si votre organisation utilise l'application privacyIDEA Authenticator, scannez plutôt avec elle.
add-other-button = Afficher le code pour privacyIDEA
add-app-title = Une application de codes
add-app-text = Fonctionne avec toute application d'authentification, sans réseau.
add-app-button = Configurer
add-codes-title = Codes de secours
add-codes-text = Dix codes sur papier pour le jour où le téléphone manque. Chacun sert une fois.
add-codes-replace = Les nouveaux codes remplacent ceux que vous avez.
add-codes-button = Créer des codes
add-codes-again = Créer de nouveaux codes
scan-title = Scannez avec votre téléphone
scan-text = Visez ce code avec l'appareil photo du téléphone et ouvrez le lien.
scan-qr = Code à scanner
scan-minutes = { $count ->
    [one] Valable encore { $count } minute.
   *[other] Valable encore { $count } minutes.
  }
scan-here = Je suis déjà sur le téléphone
compare-title = Est-ce votre téléphone ?
compare-text = Le téléphone affiche aussi un nombre. Sont-ils identiques ?
compare-no-code = L'application du téléphone affiche-t-elle ce compte maintenant ?
compare-yes = Oui, identiques
compare-no = Non
compare-hint = S'ils diffèrent, quelqu'un d'autre a scanné le code. Répondez Non et recommencez.
pair-over-title = Le code n'est plus valable
pair-over-text = Il a servi, a été refusé, ou son temps est écoulé. Rien n'a été ajouté.
pair-over-again = Recommencer
app-title = Configurer une application de codes
app-text = Scannez ceci avec votre application d'authentification. Tapez ensuite le code qu'elle affiche.
app-key = Je ne peux pas le scanner
app-code = Code de l'application
app-button = Confirmer
app-default-label = Application d'authentification
app-clock-off = Le code vaut pour une autre heure. Réglez l'horloge de l'appareil sur automatique et utilisez le code le plus récent.
codes-title = Vos codes de secours
codes-text = Imprimez-les ou notez-les maintenant : ils ne sont affichés qu'une fois. Chacun sert une fois.
codes-print = Imprimer
codes-done = Je les ai
codes-go-on = Je les ai, continuer

## App passwords
app-passwords-title = Mots de passe d'application
app-passwords-lead = Pour les programmes qui ne connaissent qu'un nom et un mot de passe et ne peuvent pas demander de deuxième étape. Chacun vaut pour une application et pour vous seul.
app-passwords-none = Vous n'en avez pas encore.
app-password-make = Créer un mot de passe d'application
app-password-made-at = Créé
app-password-never-used = Jamais utilisé
app-password-idle = Cette application n'accepte pas de mots de passe d'application en ce moment.
app-password-revoke = Révoquer
done-app-password-made = Il fonctionne dès maintenant.
done-app-password-revoked = Révoqué. Il n'ouvre plus rien.
app-password-new-text = Donnez-le à un seul programme à la place de votre mot de passe. Qui l'a peut utiliser l'application en votre nom, sans deuxième étape.
app-password-service = Application
app-password-label-hint = Pour le reconnaître : le programme ou l'ordinateur auquel il est destiné.
app-password-button = Créer
app-password-label-refused = Ce nom ne convient pas. Écrivez de 1 à 40 caractères sur une ligne.
app-password-too-many = Vous avez autant de mots de passe d'application que possible. Révoquez-en un d'abord.
app-password-made-title = Votre mot de passe d'application
app-password-made-text = Saisissez-le maintenant dans le programme : il n'est affiché qu'une fois. Le nom d'utilisateur reste le même.
app-password-copy = Copier
app-password-copied = Copié.
app-password-have-it = Je l'ai
app-password-revoke-title = Révoquer { $what } ?
app-password-revoke-text = Le programme qui l'utilise ne peut plus se connecter à { $what }. Pour le laisser entrer à nouveau, vous en créez un autre.

## Activity
history-title = Activité
history-lead = Ce qui s'est passé avec votre compte, le plus récent d'abord.
history-none = Rien encore.
not-me = Ce n'était pas moi
service-portal = ces pages
service-test = une demande d'essai
detail-address = Depuis { $what }
detail-remembered = Lieu mémorisé
event-signed-in = Connexion à { $what }
event-signed-in-app-password = Connexion à { $what } avec le mot de passe d'application { $where }
event-refused = Connexion à { $what } refusée : { $where }
event-refused-unknown = Connexion à { $what } refusée
event-reported = Signalée comme n'étant pas la vôtre : { $what }
event-withheld = Votre téléphone n'a pas été sollicité pour { $what }, car il l'a été trop souvent
event-session-started = Une session a commencé sur ces pages
event-session-ended = Une session sur ces pages s'est terminée
event-added = Ajouté : { $what } ({ $where })
event-added-kind = Ajouté : { $what }
event-tested = Vous avez essayé votre téléphone : il a reçu la demande et l'a approuvée
event-removed = Un appareil a été retiré ({ $what })
event-confirmed = Un nouvel appareil a été confirmé
event-changed = Un appareil a été modifié
event-app-password-made = Le mot de passe d'application { $what } a été créé pour { $where }
event-app-password-revoked = Le mot de passe d'application { $what } pour { $where } a été révoqué
event-invited = Vous avez été invité à configurer une deuxième étape
event-unlocked = Un blocage a été levé
event-session-ended-by-administrator = Un administrateur a terminé une session sur ces pages
event-app-password-revoked-by-administrator = Un administrateur a révoqué le mot de passe d'application { $what } pour { $where }
event-forgotten-by-administrator = Un administrateur a retiré les lieux où vous étiez mémorisé : votre deuxième étape est de nouveau demandée
reason-password = le mot de passe était faux
reason-code = le code était faux
reason-denied = refusée sur le téléphone
reason-reported = signalée sur le téléphone
reason-number = un autre nombre a été saisi
reason-unanswered = personne n'a répondu
reason-locked = bloqué après trop d'échecs
reason-pushes = le téléphone a été sollicité trop souvent
reason-not-enrolled = il n'y avait pas de deuxième étape pour cela
reason-not-allowed = non autorisé
reason-gone = abandonnée
disown-title = Ce n'était pas vous ?
disown-text = Vous dites que quelqu'un d'autre s'est connecté à { $what }. Voici ce qui se passe :
disown-sessions = Toutes les sessions et tous les lieux mémorisés de votre compte prennent fin, cette session aussi.
disown-phones = Les demandes ouvertes sur vos téléphones prennent fin et aucune autre n'arrive pendant un moment.
disown-app-password = Le mot de passe d'application { $what } est révoqué.
disown-told = Vos administrateurs voient le signalement.
disown-button = Ce n'était pas moi
disowned-title = Signalé
disowned-done = Toutes les sessions et tous les lieux mémorisés de votre compte ont pris fin, et vos administrateurs voient le signalement.
disowned-next = Changez votre mot de passe maintenant. Connectez-vous ensuite et retirez chaque appareil et chaque mot de passe d'application qui n'est pas à vous.

## Sessions
sessions-title = Où vous êtes connecté
session-this = Celle-ci
session-began = Commencée
session-seen = Dernière activité
session-end = Terminer cette session
sessions-end-others = Terminer toutes les autres sessions
places-title = Lieux mémorisés
places-text = Ici, rien ne vous est demandé à nouveau pendant un moment.
place-repeats = Se connecte de lui-même depuis { $what }
place-until = jusqu'au
place-forget = Oublier

## Console
console-lacks-a-step = En dernier, vous avez utilisé un code de secours. Vous pouvez tout consulter et ne rien modifier. Pour agir, donnez une autre deuxième étape : déconnectez-vous, puis reconnectez-vous.
remembered-title = Mémorisés
remembered-lead = Où la deuxième étape n'est pas demandée, et jusqu'à quand.
remembered-search = Personne ou lieu
remembered-only = Seuls les lieux de { $what } sont affichés.
remembered-everybody = Afficher tout le monde
remembered-none = Personne n'est mémorisé nulle part : la deuxième étape est demandée à chaque connexion qui en exige une.
remembered-none-fit = Rien de mémorisé ne correspond à ce filtre.
remembered-all = Tout afficher
remembered-count = { $count ->
    [one] { $count } entrée
   *[other] { $count } entrées
  }
trust-repeats = Connexion répétée
trust-station = Lieu mémorisé
choose-all = Tous
filter-button = Filtrer
export-csv = Exporter en CSV
column-select = Sélection
column-act = Ce que vous pouvez faire
column-person = Personne
column-service = Application
column-station = Depuis
column-kind = Type
column-factor = Deuxième étape
column-since = Début
column-until = Jusqu'au
column-seen = Vu pour la dernière fois
column-browser = Navigateur
row-select = Sélectionner { $who } sur { $what } depuis { $where }
forget-selected = Oublier la sélection
forget-all = { $count ->
    [one] Oublier cette entrée
   *[other] Oublier les { $count } entrées
  }
page-before = Page précédente
page-after = Page suivante
page-of = Page { $what } sur { $where }
page-number = Page { $what }
people-title = Personnes
people-search = Nom ou e-mail
people-button = Rechercher
people-none = Personne ne porte un tel nom.
person-account = Se connecte comme
person-mail = E-mail
person-groups = Groupes
person-state = État
person-enabled = Peut se connecter
person-disabled = Désactivé
person-created = Première fois
person-last-login = Dernière connexion
person-devices = Appareils et codes
device-confirmed = Confirmé
device-unconfirmed = Pas encore confirmé
person-no-remembered = Cette personne n'est mémorisée nulle part.
person-no-devices = Cette personne n'a pas de deuxième étape.
person-no-app-passwords = Cette personne n'a pas de mot de passe d'application.
person-no-sessions = Cette personne n'est pas connectée à ces pages.
person-forget-all = Oublier tout de cette personne
end-button = Terminer
end-all = Terminer toutes les sessions
forget-title = { $count ->
    [one] Oublier une entrée ?
   *[other] Oublier { $count } entrées ?
  }
forget-line = La deuxième étape est de nouveau demandée à { $who } sur { $what } depuis { $where }.
forget-button = Oublier
revoke-line = Le programme dans lequel { $who } utilise { $what } ne peut plus se connecter à { $where }.
end-title = { $count ->
    [one] Terminer une session ?
   *[other] Terminer { $count } sessions ?
  }
end-line = { $who } est déconnecté de ces pages dans { $what } depuis { $where }.
confirm-back = Retour
confirm-what = Voici ce qui va se passer :
confirm-more = { $count ->
    [one] Et de même pour { $count } autre.
   *[other] Et de même pour { $count } autres.
  }
confirm-left = { $count ->
    [one] { $count } entrée reste pour une autre fois : c'est le maximum en une fois.
   *[other] { $count } entrées restent pour une autre fois : c'est le maximum en une fois.
  }
reason-label = Motif
reason-hint = Il figure dans le journal d'audit à côté de votre nom. Au plus 200 caractères.
reason-refused = Rien n'a été fait. Écrivez un motif de 1 à 200 caractères sur une ligne.
done-forgotten = Oublié. La deuxième étape est de nouveau demandée.
done-partly-over = Oublié. Une partie était déjà terminée.
done-over = C'était déjà terminé. Rien n'a été modifié.
done-nothing = Rien n'était sélectionné.
done-revoked = Révoqué. Il n'ouvre plus rien.
done-ended = Terminée. Qui l'utilisait doit se reconnecter.
