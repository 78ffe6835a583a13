# docker build -t saddlepoint . && docker run --rm -v "$PWD/runs:/work/runs" saddlepoint train digits
# For the CPU. With a GPU begin from an image of PyTorch with CUDA instead, and leave the constraint out.
# Not built where this was written: there was no Docker.
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
COPY --from=build /wheels /wheels
COPY constraints/cpu.txt /constraints.txt
# PyTorch's own index has the build for CPUs alone.
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu -c /constraints.txt \
        "$(ls /wheels/*.whl)[audio,table,text]" \
    && rm -r /wheels \
    && useradd --create-home saddle && install -d -o saddle /work
USER saddle
WORKDIR /work
ENV MPLBACKEND=Agg
ENTRYPOINT ["saddle"]
CMD ["--help"]
