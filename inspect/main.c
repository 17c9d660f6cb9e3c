/* heapgraph: the command. Only here is there a flag set by signals, an exit status, an error printed. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../graph/utf8.h"
#include "interrupt.h"
#include "options.h"
#include "verbs.h"

static volatile sig_atomic_t signal_seen;

static void on_signal(int number)
{
	signal_seen = number;
}

/* No SA_RESTART: waits return EINTR and are left in order. SA_RESETHAND: a second Ctrl-C ends us at
 * once, which the target survives by design. SIGPIPE is an error of write() like others. */
static void install_signals(void)
{
	const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Started with a standard descriptor closed, the next file opened would take its number, and the
 * report would be written into it: into a snapshot, or the memory of the target. Opened read-only,
 * so that writing fails and is told. */
static bool fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && close(fd) == 0;
}

/* Names of files and programs are whatever a process, a core or a snapshot says: one line stays one, and
 * no terminal takes a part of it for a command. */
static void say(const char *head, const char *text)
{
	_cleanup_free_ char *safe = text_escape(text, true);

	fprintf(stderr, "%s: %s\n", head, safe ? safe : "out of memory");
}

static int fail(struct hg_error *error)
{
	int code = error->code;

	say("heapgraph", error->message);
	if (error->hint)
		say("hint", error->hint);
	hg_error_free(error);
	return signal_seen ? 128 + signal_seen : code;
}

int main(int argc, char **argv)
{
	const struct interrupt interrupt = { &signal_seen };
	_cleanup_(options_deinit) struct options options = { 0 };
	enum hg_exit status = HG_EXIT_OK;
	struct hg_error *error;

	if (!fill_standard_descriptors())
		return HG_EXIT_FAILURE;
	setlocale(LC_CTYPE, "");
	error = options_parse(argc, argv, &options);
	if (!error && options.version)
		return printf("heapgraph %s\n", HEAPGRAPH_VERSION) < 0;
	if (!error && options.help) {
		options_help(stdout, &options);
		return HG_EXIT_OK;
	}
	if (!error) {
		install_signals();
		error = verb_run(&options, &interrupt, &status);
	}
	return error ? fail(error) : (int)status;
}
