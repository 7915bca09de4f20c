## Everywhere
skip = Ir al contenido
language = Idioma
nav = Secciones
nav-devices = Dispositivos
nav-app-passwords = Contraseñas de app
nav-history = Actividad
nav-sessions = Sesiones
nav-console = Consola
nav-remembered = Recordados
nav-people = Personas
nav-own = Mi inicio de sesión
sign-out = Cerrar sesión
help = ¿Necesitas ayuda?
reference = Referencia { $what }
cancel = Cancelar
save = Guardar
keep = Conservar
check-again = Comprobar de nuevo
start-over = Iniciar sesión de nuevo
to-start = Volver al principio
time-now = ahora mismo
time-minutes = { $count ->
    [one] hace { $count } minuto
   *[other] hace { $count } minutos
  }
time-hours = { $count ->
    [one] hace { $count } hora
   *[other] hace { $count } horas
  }
time-never = Nunca
browser-unknown = Navegador desconocido

## Sign in
sign-in-title = Iniciar sesión
sign-in-button = Iniciar sesión
sign-in-invited = Tengo una invitación
user-label = Nombre de usuario o correo
password-label = Contraseña
notice-away = Estuviste fuera un rato. Inicia sesión de nuevo.
notice-signed-out = Has cerrado la sesión.
refused-text = No ha funcionado. Revisa el nombre y la contraseña e inténtalo de nuevo. Si esta cuenta aún no tiene un segundo paso, pide una invitación.
refused-enrol-text = No ha funcionado. Revisa el nombre, la contraseña y el código de invitación. Una invitación sirve una sola vez y por tiempo limitado: pide una nueva si la tuya es más antigua.
enrol-title = Configura tu segundo paso
enrol-lead = Inicia sesión una vez con tu contraseña y tu invitación. Después añades tu teléfono o una aplicación de códigos.
enrol-button = Continuar
enrol-have-one = Ya tengo un segundo paso
invitation-label = Código de invitación
invitation-hint = Está en tu invitación. Déjalo vacío si te dijeron que no hace falta.
invitation-none = Me dijeron que no hace falta código
not-you = ¿No eres tú?

## Second step: a code
code-title-code = Escribe tu código
code-title-recovery = Escribe un código de recuperación
code-title-invitation = Escribe tu código de invitación
code-title-number = Escribe el número de tu teléfono
code-title-primary = Una pregunta más
code-lead-code = Abre tu aplicación de autenticación y escribe el código que muestra.
code-lead-recovery = Escribe uno de los códigos que imprimiste. Cada uno sirve una vez.
code-lead-invitation = Esta cuenta aún no tiene un segundo paso. Escribe el código de tu invitación para configurar uno.
code-lead-number = Tu teléfono muestra ahora un número. Escríbelo aquí.
code-lead-primary = Responde para continuar.
code-label-code = Código
code-label-recovery = Código de recuperación
code-label-invitation = Código de invitación
code-label-number = Número
code-label-primary = Respuesta
code-again-code = Ese código no coincide. Usa el más reciente.
code-again-recovery = Ese código no coincide o ya se usó. Prueba otro.
code-again-invitation = Ese código no coincide. Revísalo o pide una nueva invitación.
code-again-number = No es el número que muestra tu teléfono.
code-again-primary = No ha funcionado. Inténtalo de nuevo.
code-button = Continuar
code-recovery-hint = Aquí también sirve un código de recuperación.
code-use-phone = Enviar una solicitud a mi teléfono
code-back-to-phone = Volver a la solicitud en mi teléfono

## Second step: the phone
waiting-title = Aprueba en tu teléfono
waiting-test = Una solicitud para probar { $what }
waiting-number = Abre Vestibule en tu teléfono y escribe este número.
waiting-number-label = Número { $what }
waiting-no-number = Abre Vestibule en tu teléfono y aprueba la solicitud.
waiting-use-code = Usar un código
evidence-asking = Preguntando a tu teléfono
evidence-sent = Enviada a tu teléfono
evidence-shown = Tu teléfono la muestra
evidence-opened = Abierta en tu teléfono
evidence-answered = Respondida en tu teléfono
evidence-silent = Tu teléfono no ha confirmado la recepción. Abre Vestibule en él o usa un código.
evidence-unreachable = No se pudo llegar a tu teléfono. Abre Vestibule en él: la solicitud está allí.
unanswered-title = Nadie respondió en tu teléfono
unanswered-text = La solicitud ha terminado. No se aprobó nada.
unanswered-again = Enviar de nuevo
unanswered-wait = { $count ->
    [one] Puedes enviar de nuevo en { $count } segundo.
   *[other] Puedes enviar de nuevo en { $count } segundos.
  }

## How it may end
ended-denied-title = Denegado en tu teléfono
ended-denied-text = Este inicio de sesión se denegó y nadie entró. Si fue un descuido, inicia sesión de nuevo.
ended-reported-title = Denunciado
ended-reported-text = Este inicio de sesión se denunció como ajeno. Nadie entró y las solicitudes a tu teléfono descansan un rato. Cambia tu contraseña si no lo empezaste tú.
ended-wrong-number-title = Se escribió otro número
ended-wrong-number-text = El número de tu teléfono no era el que se muestra aquí. Nadie entró. Aprueba solo lo que ves delante de ti.
ended-unanswered-title = Nadie respondió en tu teléfono
ended-unanswered-text = La solicitud ha terminado. No se aprobó nada.
ended-tries-title = Demasiados intentos
ended-tries-text = Los códigos no coincidían. Inicia sesión de nuevo y usa el código más reciente.
ended-rings-title = Demasiadas solicitudes a tu teléfono
ended-rings-text = Las solicitudes a tu teléfono descansan un rato. Inténtalo más tarde o usa un código.
ended-locked-title = Bloqueado por un rato
ended-locked-text = Hubo demasiados fallos. Espera o pide ayuda.
ended-refused-title = No ha funcionado
ended-refused-text = Este inicio de sesión no se admitió. Inicia sesión de nuevo o pide ayuda.
locked-for = { $count ->
    [one] Se abre de nuevo en { $count } minuto.
   *[other] Se abre de nuevo en { $count } minutos.
  }
trouble-title = Ahora mismo no es posible
trouble-text = Tu contraseña y tu teléfono están bien. Inténtalo de nuevo en un momento.
not-there-title = Aquí no hay nada
not-there-text = La página ya no está, o nunca estuvo.
forged-title = Esta página era demasiado antigua
forged-text = El formulario no venía de una página nuestra abierta. No se cambió nada. Abre la página de nuevo e inténtalo otra vez.
too-large-title = Fue demasiado
too-large-text = Lo enviado supera cualquier formulario de aquí. No se cambió nada.

## Devices
devices-title = Dispositivos y códigos
devices-none = Aún no tienes un segundo paso. Añade tu teléfono: lleva un minuto.
devices-add-first = Añadir un dispositivo
devices-add = Añadir otro
devices-need-recovery = Si pierdes el teléfono, los códigos de recuperación te permiten volver a entrar.
devices-make-recovery = Crear códigos de recuperación
kind-push = Teléfono con aprobación
kind-totp = Aplicación de códigos
kind-recovery-code = Códigos de recuperación
kind-qr = Teléfono que escanea
kind-passkey = Clave de acceso
kind-external-code = Código de otro sistema
kind-plugin = Otro segundo paso
kind-invitation = Invitación
device-preferred = Se pide primero
device-manage = Gestionar
device-trouble = La última vez no se pudo llegar a este teléfono.
device-silent = Este teléfono no suena. Ve las solicitudes mientras Vestibule está abierto en él.
device-tested = Funciona: tu teléfono recibió la solicitud y la aprobó.
device-paired = Este teléfono está añadido. Envíale una solicitud de prueba para ver si suena.
device-replaces = El nuevo teléfono funciona: { $what } ya no hace falta.
device-remove-old = Quitar { $what }
device-test-title = ¿Suena?
device-test-text = Envía una solicitud que no abre nada.
device-test = Enviar una solicitud de prueba
device-label-title = Nombre
device-label = Nombre
device-prefer-title = Se pide primero
device-prefer-text = Al iniciar sesión, este se pide antes que los demás.
device-prefer = Pedir este primero
device-prefer-not = Sin preferencia
device-remove-title = Sustituir o quitar
device-remove-text = Quita lo que ya no tienes. Un teléfono nuevo ocupa el lugar del anterior.
device-replace = Sustituir por un teléfono nuevo
device-remove = Quitar
fact-created = Añadido
fact-used = Último uso
fact-never-used = Nunca usado
fact-shown = Última solicitud mostrada
fact-answered = Última respuesta
fact-codes-left = Códigos restantes:
codes-low = Quedan pocos códigos. Crea nuevos.
done-added = Añadido. Puedes usarlo desde ahora.
done-removed = Quitado. Ya no abre nada.
done-labelled = El nombre está guardado.
done-preferred = Guardado. Vale desde el próximo inicio de sesión.
label-refused = Ese nombre no sirve. Escribe de 1 a 64 caracteres en una línea.
too-many-phones = Tienes tantos teléfonos como puede haber. Quita uno antes.
remove-title = ¿Quitar { $what }?
remove-text-push = Ya no puede aprobar nada y sus solicitudes abiertas terminan. Para usarlo otra vez, añádelo de nuevo.
remove-text = Ya no abre nada. Para usarlo otra vez, añádelo de nuevo.
remove-last = Es tu último segundo paso. Sin él no puedes iniciar sesión y necesitas una invitación para configurar otro.
again-title = Demuestra que eres tú
again-text = Esto cambia cómo está protegida tu cuenta, así que se pide de nuevo tu segundo paso.
again-text-console = Esto cambia algo para otras personas, así que se pide de nuevo tu segundo paso.
again-button = Continuar

## Adding
add-title = Añadir un segundo paso
add-phone-title = Tu teléfono
add-phone-text = Aprueba inicios de sesión con un toque. Escaneas un código con la cámara del teléfono.
add-phone-hint = Ten el teléfono a mano. El código sirve una vez y durante cinco minutos; no lo muestres a nadie.
add-phone-button = Mostrar el código
add-other-title = privacyIDEA Authenticator
add-other-text = Si tu organización usa la aplicación privacyIDEA Authenticator, escanea con ella.
add-other-button = Mostrar el código para privacyIDEA
add-app-title = Una aplicación de códigos
add-app-text = Funciona con cualquier aplicación de autenticación, sin red.
add-app-button = Configurar
add-codes-title = Códigos de recuperación
add-codes-text = Diez códigos en papel para el día en que falte el teléfono. Cada uno sirve una vez.
add-codes-replace = Los códigos nuevos sustituyen a los que tienes.
add-codes-button = Crear códigos
add-codes-again = Crear códigos nuevos
scan-title = Escanea con tu teléfono
scan-text = Apunta la cámara del teléfono a este código y abre el enlace.
scan-qr = Código para escanear
scan-minutes = { $count ->
    [one] Sirve { $count } minuto más.
   *[other] Sirve { $count } minutos más.
  }
scan-here = Ya estoy en el teléfono
compare-title = ¿Es tu teléfono?
compare-text = El teléfono también muestra un número. ¿Son iguales?
compare-no-code = ¿La aplicación del teléfono muestra ahora esta cuenta?
compare-yes = Sí, iguales
compare-no = No
compare-hint = Si son distintos, otra persona escaneó el código. Responde No y empieza de nuevo.
pair-over-title = El código ya no sirve
pair-over-text = Se usó, se rechazó, o se acabó su tiempo. No se añadió nada.
pair-over-again = Empezar de nuevo
app-title = Configura una aplicación de códigos
app-text = Escanea esto con tu aplicación de autenticación. Después escribe el código que muestra.
app-key = No puedo escanearlo
app-code = Código de la aplicación
app-button = Confirmar
app-default-label = Aplicación de autenticación
app-clock-off = El código vale para otra hora. Pon el reloj del dispositivo en automático y usa el código más reciente.
codes-title = Tus códigos de recuperación
codes-text = Imprímelos o apúntalos ahora: solo se muestran una vez. Cada uno sirve una vez.
codes-print = Imprimir
codes-done = Los tengo
codes-go-on = Los tengo, continuar

## App passwords
app-passwords-title = Contraseñas de aplicación
app-passwords-lead = Para programas que solo conocen un nombre y una contraseña y no pueden pedir un segundo paso. Cada una sirve para una aplicación y solo para ti.
app-passwords-none = Aún no tienes ninguna.
app-password-make = Crear una contraseña de aplicación
app-password-made-at = Creada
app-password-never-used = Nunca usada
app-password-idle = Esta aplicación no acepta contraseñas de aplicación en este momento.
app-password-revoke = Revocar
done-app-password-made = Sirve desde ahora.
done-app-password-revoked = Revocada. Ya no abre nada.
app-password-new-text = Dásela a un solo programa en lugar de tu contraseña. Quien la tenga puede usar la aplicación en tu nombre, sin segundo paso.
app-password-service = Aplicación
app-password-label-hint = Para reconocerla: el programa o el ordenador al que está destinada.
app-password-button = Crear
app-password-label-refused = Ese nombre no sirve. Escribe de 1 a 40 caracteres en una línea.
app-password-too-many = Tienes tantas contraseñas de aplicación como puede haber. Revoca una antes.
app-password-made-title = Tu contraseña de aplicación
app-password-made-text = Escríbela ahora en el programa: solo se muestra una vez. El nombre de usuario sigue siendo el mismo.
app-password-copy = Copiar
app-password-copied = Copiada.
app-password-have-it = La tengo
app-password-revoke-title = ¿Revocar { $what }?
app-password-revoke-text = El programa que la usa ya no puede iniciar sesión en { $what }. Para dejarlo entrar otra vez, crea una nueva.

## Activity
history-title = Actividad
history-lead = Lo que pasó con tu cuenta, lo más reciente primero.
history-none = Todavía nada.
not-me = No fui yo
service-portal = estas páginas
service-test = una solicitud de prueba
detail-address = Desde { $what }
detail-remembered = Lugar recordado
event-signed-in = Inicio de sesión en { $what }
event-signed-in-app-password = Inicio de sesión en { $what } con la contraseña de aplicación { $where }
event-refused = Inicio de sesión en { $what } rechazado: { $where }
event-refused-unknown = Inicio de sesión en { $what } rechazado
event-reported = Denunciado como ajeno: { $what }
event-withheld = No se preguntó a tu teléfono por { $what }, porque se le preguntó demasiado
event-session-started = Empezó una sesión en estas páginas
event-session-ended = Terminó una sesión en estas páginas
event-added = Añadido: { $what } ({ $where })
event-added-kind = Añadido: { $what }
event-tested = Probaste tu teléfono: recibió la solicitud y la aprobó
event-removed = Se quitó un dispositivo ({ $what })
event-confirmed = Se confirmó un dispositivo nuevo
event-changed = Se cambió un dispositivo
event-app-password-made = Se creó la contraseña de aplicación { $what } para { $where }
event-app-password-revoked = Se revocó la contraseña de aplicación { $what } para { $where }
event-invited = Recibiste una invitación para configurar un segundo paso
event-unlocked = Se levantó un bloqueo
event-session-ended-by-administrator = Un administrador terminó una sesión en estas páginas
event-app-password-revoked-by-administrator = Un administrador revocó la contraseña de aplicación { $what } para { $where }
event-forgotten-by-administrator = Un administrador retiró los lugares en los que se te recordaba: se te pide de nuevo el segundo paso
reason-password = la contraseña era incorrecta
reason-code = el código era incorrecto
reason-denied = denegado en el teléfono
reason-reported = denunciado en el teléfono
reason-number = se escribió otro número
reason-unanswered = nadie respondió
reason-locked = bloqueado tras demasiados fallos
reason-pushes = se preguntó demasiado al teléfono
reason-not-enrolled = no había un segundo paso para ello
reason-not-allowed = no permitido
reason-gone = se abandonó
disown-title = ¿No fuiste tú?
disown-text = Dices que otra persona inició sesión en { $what }. Esto es lo que pasará:
disown-sessions = Terminan todas las sesiones y los lugares recordados de tu cuenta, también esta sesión.
disown-phones = Terminan las solicitudes abiertas en tus teléfonos y no llegan nuevas durante un rato.
disown-app-password = Se revoca la contraseña de aplicación { $what }.
disown-told = Tus administradores ven el aviso.
disown-button = No fui yo
disowned-title = Denunciado
disowned-done = Se terminaron todas las sesiones y los lugares recordados de tu cuenta, y tus administradores ven el aviso.
disowned-next = Cambia tu contraseña ahora. Después inicia sesión de nuevo y quita cada dispositivo y cada contraseña de aplicación que no sean tuyos.

## Sessions
sessions-title = Dónde tienes la sesión iniciada
session-this = Esta
session-began = Empezó
session-seen = Última actividad
session-end = Terminar esta sesión
sessions-end-others = Terminar todas las demás sesiones
places-title = Lugares recordados
places-text = Aquí no se te pregunta de nuevo durante un rato.
place-repeats = Inicia sesión por sí solo desde { $what }
place-until = hasta el
place-forget = Olvidar

## Console
console-lacks-a-step = Lo último que has usado es un código de recuperación. Puedes verlo todo y no cambiar nada. Para actuar, da otro segundo paso: cierra la sesión y vuelve a iniciarla.
remembered-title = Recordados
remembered-lead = Dónde no se pide a alguien el segundo paso, y hasta cuándo.
remembered-search = Persona o lugar
remembered-only = Solo se muestra { $what }.
remembered-everybody = Mostrar a todos
remembered-none = Nadie está recordado en ningún sitio: el segundo paso se pide en cada inicio de sesión que lo necesita.
remembered-none-fit = Nada de lo recordado encaja con este filtro.
remembered-all = Mostrar todo
remembered-count = { $count ->
    [one] { $count } entrada
   *[other] { $count } entradas
  }
trust-repeats = Inicio de sesión repetido
trust-station = Lugar recordado
choose-all = Todos
filter-button = Filtrar
export-csv = Exportar CSV
column-select = Selección
column-act = Qué puedes hacer
column-person = Persona
column-service = Aplicación
column-station = Desde
column-kind = Tipo
column-factor = Segundo paso
column-since = Inicio
column-until = Hasta el
column-seen = Visto por última vez
column-browser = Navegador
row-select = Seleccionar a { $who } en { $what } desde { $where }
forget-selected = Olvidar la selección
forget-all = { $count ->
    [one] Olvidar esta entrada
   *[other] Olvidar las { $count } entradas
  }
page-before = Página anterior
page-after = Página siguiente
page-of = Página { $what } de { $where }
page-number = Página { $what }
people-title = Personas
people-search = Nombre o correo
people-button = Buscar
people-none = Nadie tiene un nombre así.
person-account = Inicia sesión como
person-mail = Correo
person-groups = Grupos
person-state = Estado
person-enabled = Puede iniciar sesión
person-disabled = Desactivado
person-created = Primera vez
person-last-login = Último inicio de sesión
person-devices = Dispositivos y códigos
device-confirmed = Confirmado
device-unconfirmed = Aún sin confirmar
person-no-remembered = Esta persona no está recordada en ningún sitio.
person-no-devices = Esta persona no tiene un segundo paso.
person-no-app-passwords = Esta persona no tiene contraseñas de aplicación.
person-no-sessions = Esta persona no ha iniciado sesión en estas páginas.
person-forget-all = Olvidar todo de esta persona
end-button = Terminar
end-all = Terminar todas las sesiones
forget-title = { $count ->
    [one] ¿Olvidar una entrada?
   *[other] ¿Olvidar { $count } entradas?
  }
forget-line = A { $who } se le pide de nuevo el segundo paso en { $what } desde { $where }.
forget-button = Olvidar
revoke-line = El programa en el que { $who } usa { $what } ya no puede iniciar sesión en { $where }.
end-title = { $count ->
    [one] ¿Terminar una sesión?
   *[other] ¿Terminar { $count } sesiones?
  }
end-line = Se cierra la sesión de { $who } en estas páginas, en { $what } desde { $where }.
confirm-back = Volver
confirm-what = Esto es lo que pasará:
confirm-more = { $count ->
    [one] Y lo mismo para { $count } más.
   *[other] Y lo mismo para { $count } más.
  }
confirm-left = { $count ->
    [one] Queda { $count } entrada para otra vez: es lo máximo que se hace a la vez.
   *[other] Quedan { $count } entradas para otra vez: es lo máximo que se hace a la vez.
  }
reason-label = Motivo
reason-hint = Consta en el registro de auditoría junto a tu nombre. Como máximo 200 caracteres.
reason-refused = No se ha hecho nada. Escribe un motivo de 1 a 200 caracteres en una línea.
done-forgotten = Olvidado. El segundo paso se pide de nuevo.
done-partly-over = Olvidado. Una parte ya había terminado.
done-over = Eso ya había terminado. No se ha cambiado nada.
done-nothing = No había nada seleccionado.
done-revoked = Revocada. Ya no abre nada.
done-ended = Terminada. Quien la usaba tiene que iniciar sesión de nuevo.
