/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * alltoallv.c -- one exchange of the bytes that a table has for each pair of ranks, timed: for SimGrid's smpicc.
 *
 * alltoallv TABLE: rank r sends the numbers of row r.  Prints the seconds from the first rank's begin to the last one's
 * end.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

struct side {
	int *count, *begin;
	char *bytes;
};

static struct side side_open(int n)
{
	return (struct side){ .count = calloc((size_t)n, sizeof(int)), .begin = calloc((size_t)n, sizeof(int)) };
}

static void read_table(const char *path, int n, int rank, struct side *sent, struct side *received)
{
	FILE *file = fopen(path, "r");
	if (file == NULL)
		MPI_Abort(MPI_COMM_WORLD, 1);
	for (int i = 0; i < n * n; i++) {
		int value;
		if (fscanf(file, "%d", &value) != 1)
			MPI_Abort(MPI_COMM_WORLD, 1);
		if (i / n == rank)
			sent->count[i % n] = value;
		if (i % n == rank)
			received->count[i / n] = value;
	}
	fclose(file);
}

static void make_room(struct side *side, int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++) {
		side->begin[i] = sum;
		sum += side->count[i];
	}
	side->bytes = calloc((size_t)sum + 1, 1);
	if (side->bytes == NULL)
		MPI_Abort(MPI_COMM_WORLD, 1);
}

static double exchange(const struct side *sent, const struct side *received)
{
	double begin, end, first, last;
	MPI_Barrier(MPI_COMM_WORLD);
	begin = MPI_Wtime();
	MPI_Alltoallv(sent->bytes, sent->count, sent->begin, MPI_BYTE, received->bytes, received->count, received->begin,
				  MPI_BYTE, MPI_COMM_WORLD);
	end = MPI_Wtime();
	MPI_Reduce(&begin, &first, 1, MPI_DOUBLE, MPI_MIN, 0, MPI_COMM_WORLD);
	MPI_Reduce(&end, &last, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
	return last - first;
}

int main(int argc, char **argv)
{
	int rank, n;
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &n);
	struct side sent = side_open(n), received = side_open(n);
	read_table(argc > 1 ? argv[1] : "", n, rank, &sent, &received);
	make_room(&sent, n);
	make_room(&received, n);
	double seconds = exchange(&sent, &received);
	if (rank == 0)
		printf("%.9f\n", seconds);
	MPI_Finalize();
	return 0;
}
